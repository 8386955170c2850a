"""Find a project and its pipelines on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pipegen import problems
from pipegen.backends import Target
from pipegen.diagnostics import CompileError, Span
from pipegen.source import read
from pipegen.spec import ProjectSpec

FILE = "pipegen.yaml"
PIPELINES = "pipelines"
LOCKS = PurePosixPath("pipegen.lock")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a `pipegen.yaml`, and what that file says."""

    root: Path
    spec: ProjectSpec

    def targets(self) -> dict[str, Target]:
        """Return the back ends `render` writes by default, with their targets."""
        configured = {
            name: getattr(self.spec.backends, name)
            for name in type(self.spec.backends).model_fields
        }
        return {name: self.target(name) for name, spec in configured.items() if spec is not None}

    def target(self, backend: str) -> Target:
        """Return where a back end's files go, and its options; the default if it has none."""
        spec = getattr(self.spec.backends, backend, None)
        out = spec.out if spec and spec.out else PurePosixPath("generated", backend)
        options = spec.model_dump(exclude={"out"}) if spec else {}
        return Target(out, {key: str(value) for key, value in options.items()})


def root_of(path: Path) -> Path | None:
    """Return the nearest folder at or above `path` that holds a `pipegen.yaml`."""
    start = path.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    return None


def load(root: Path) -> Project:
    """Read the project at `root`; raise CompileError with every problem of its file."""
    return Project(root, ProjectSpec.parse(read(root / FILE, FILE)))


def pipelines(root: Path, paths: Iterable[Path] = ()) -> tuple[str, ...]:
    """Return the pipeline files below `paths`, or all of the project, relative to its root.

    Raises CompileError for a path that is not there or not of the project.
    """
    found: set[str] = set()
    missing = []
    for path in paths or (root,):
        place = path.resolve()
        span = Span(Path(os.path.relpath(place, root)).as_posix())
        if not place.is_relative_to(root):
            missing.append(problems.unreadable("it is outside the project", span))
        elif place.is_dir():
            below = place if place != root else root / PIPELINES
            found.update(
                file.relative_to(root).as_posix()
                for suffix in ("*.yaml", "*.yml")
                for file in below.rglob(suffix)
                if PIPELINES in file.relative_to(root).parts[:1]
            )
        elif place.is_file():
            found.add(place.relative_to(root).as_posix())
        else:
            missing.append(problems.unreadable("there is no such file", span))
    if missing:
        raise CompileError(missing)
    return tuple(sorted(found - {FILE}))
