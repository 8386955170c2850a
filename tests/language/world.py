"""Compile a few lines of YAML beside dbt projects that dbt has parsed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copytree, ignore_patterns

from pipegen import ir
from pipegen.compiler import Compilation, compile_project
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.expand import specifications
from pipegen.lower import Lowered, lower
from pipegen.lower.lock import Lock
from pipegen.lower.manifests import Manifests
from pipegen.lower.resolve import resolve
from pipegen.project import Project, load

HERE = Path(__file__).parent
PROJECT = (HERE / "project.yaml").read_text(encoding="utf-8")


def parsed(folder: Path) -> None:
    """Have dbt parse the project in a folder."""
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "parse", "--profiles-dir", "."],
        cwd=folder,
        env={**os.environ, "DO_NOT_TRACK": "1"},
        check=True,
    )


def lightened(folder: Path) -> None:
    """Take the macros out of a manifest: they are most of it, and select nothing."""
    file = folder / "target" / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**manifest, "macros": {}}), encoding="utf-8")


def laid_out(root: Path) -> Path:
    """Return a folder that holds the dbt projects of this suite, with their manifests."""
    copytree(HERE / "dbt", root / "dbt", ignore=ignore_patterns("target", "logs"))
    for folder in (root / "dbt").iterdir():
        parsed(folder)
        lightened(folder)
    return root


@dataclass(frozen=True)
class World:
    """A folder with dbt projects, where pipelines are compiled that no file holds."""

    root: Path
    _manifests: dict[str, Manifests] = field(default_factory=dict)
    text: str = PROJECT

    def project(
        self, *pipelines: str, project: str = PROJECT, environment: str | None = None
    ) -> Project:
        """Return the project of these files; each pipeline may leave out the version."""
        files = {f"pipelines/{place}.yaml": text for place, text in enumerate(pipelines)}
        texts = {"pipegen.yaml": project, **files}
        encoded = {name: _versioned(text).encode() for name, text in texts.items()}
        return load(self.root, environment, encoded)

    def compile(
        self,
        *pipelines: str,
        project: str = PROJECT,
        environment: str | None = None,
        backends: Mapping[str, object] | tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
    ) -> Compilation:
        """Compile the pipelines as a whole project."""
        opened = self.project(*pipelines, project=project, environment=environment)
        targets = {name: opened.target(name) for name in backends}
        return compile_project(opened, targets, ignore=ignore)

    def lowered(
        self, text: str, *, project: str = PROJECT, environment: str | None = None
    ) -> Lowered:
        """Compile one pipeline alone; raise CompileError with what is wrong with it."""
        opened = self.project(text, project=project, environment=environment)
        (spec,) = specifications(opened.read("pipelines/0.yaml"), opened.spec.vars)
        manifests = self._manifests.setdefault(project, Manifests(self.root, opened.spec))
        lock = resolve(spec, manifests, lambda: None)
        return lower(spec, opened.spec, lock, "pipelines/0.yaml", enabled=opened.enabled)

    def lock(self, text: str, known: Lock | None = None) -> Lock:
        """Return the lock of one pipeline; that of an earlier time serves where no manifest is."""
        opened = self.project(text)
        (spec,) = specifications(opened.read("pipelines/0.yaml"), opened.spec.vars)
        root = self.root if known is None else self.root / "none"
        return resolve(spec, Manifests(root, opened.spec), lambda: known)

    def meaning(self, text: str, *, project: str = PROJECT) -> ir.Pipeline:
        """Return what one pipeline means."""
        return self.lowered(text, project=project).pipeline

    def found(self, text: str, *, project: str = PROJECT) -> list[Diagnostic]:
        """Return the findings on one pipeline, by place."""
        try:
            return sorted(self.lowered(text, project=project).warnings, key=by_place)
        except CompileError as error:
            return sorted(error.diagnostics, key=by_place)

    def codes(self, text: str, *, project: str = PROJECT) -> list[str]:
        """Return the codes of the findings on one pipeline."""
        return [problem.code for problem in self.found(text, project=project)]

    def faults(self, text: str, *, project: str = PROJECT) -> list[str]:
        """Return the findings on one pipeline, as texts."""
        return told(self.found(text, project=project))


def _versioned(text: str) -> str:
    return text if "version" in text else f"version: 1\n{text}"


def told(found: tuple[Diagnostic, ...] | list[Diagnostic]) -> list[str]:
    """Return findings as lines: the code, and what it says."""
    return [f"{problem.code} {problem.message}" for problem in sorted(found, key=by_place)]


def by_place(problem: Diagnostic) -> tuple[object, ...]:
    return (problem.span.file, problem.span.line, problem.span.column, problem.code)
