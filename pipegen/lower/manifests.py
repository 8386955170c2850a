"""The dbt projects of a project, and their manifests."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pipegen import problems
from pipegen.dbt.cache import Answers
from pipegen.dbt.freshness import doubt
from pipegen.dbt.lineage import Lineage
from pipegen.dbt.manifest import DbtResource, Manifest, ManifestError, load
from pipegen.diagnostics import Diagnostic
from pipegen.spec import DbtProjectSpec, ProjectSpec


class Manifests:
    """The manifests of a project's dbt projects, each read once, when first asked for."""

    def __init__(self, root: Path, project: ProjectSpec) -> None:
        self.root = root
        self.specs: Mapping[str, DbtProjectSpec] = project.dbt.projects
        self._loaded: dict[str, Manifest | ManifestError | None] = {}
        self._lineages: dict[str, Lineage] = {}
        self._answers: dict[str, Answers] = {}
        self._doubts: dict[str, Diagnostic | None] = {}

    def path(self, name: str) -> PurePosixPath:
        """Return where the manifest of a dbt project lies, relative to the root."""
        spec = self.specs[name]
        return spec.manifest or spec.dir / "target" / "manifest.json"

    def dir(self, name: str) -> Path:
        """Return the folder of a dbt project."""
        return self.root / self.specs[name].dir

    def get(self, name: str) -> Manifest | ManifestError | None:
        """Return the manifest, the reason why it cannot be used, or None if there is none."""
        if name not in self._loaded:
            try:
                self._loaded[name] = load(self.root / self.path(name))
            except FileNotFoundError:
                self._loaded[name] = None
            except ManifestError as error:
                self._loaded[name] = error
        return self._loaded[name]

    def doubt(self, name: str) -> Diagnostic | None:
        """Return what makes a manifest that was read look out of date."""
        if name not in self._doubts:
            manifest = self._loaded.get(name)
            reason = doubt(manifest, self.dir(name)) if isinstance(manifest, Manifest) else None
            path, span = str(self.path(name)), self.specs[name].span
            self._doubts[name] = (
                problems.stale_manifest(path, reason, self.command(name), span) if reason else None
            )
        return self._doubts[name]

    def answers(self, name: str, manifest: Manifest) -> Answers:
        """Return what dbt answers to selections on a manifest."""
        if name not in self._answers:
            self._answers[name] = Answers(manifest, self.dir(name))
        return self._answers[name]

    @property
    def answered(self) -> tuple[Answers, ...]:
        """What dbt was asked on each manifest."""
        return tuple(self._answers.values())

    def lineage(self, name: str, manifest: Manifest) -> Lineage:
        """Return the lineage of a dbt project."""
        if name not in self._lineages:
            self._lineages[name] = Lineage(manifest)
        return self._lineages[name]

    def command(self, name: str) -> str:
        """Return the command that makes the manifest."""
        spec = self.specs[name]
        profiles = posixpath.relpath(str(spec.profiles_dir or spec.dir), str(spec.dir))
        return f"cd {spec.dir} && dbt parse --profiles-dir {profiles}"


def full_names(
    candidates: list[tuple[str, DbtResource]], usable: Mapping[str, Manifest]
) -> Iterator[str]:
    """Yield what to write for each candidate, so that it is the only one."""
    of_project = Counter(project for project, _ in candidates)
    for project, resource in candidates:
        name = f"{resource.name}.v{resource.version}" if resource.version else resource.name
        if resource.source_name:
            name = f"{resource.source_name}.{name}"
        if of_project[project] > 1:
            name = f"{resource.package}.{name}"
        yield f"{project}:{name}" if len(usable) > 1 else name
