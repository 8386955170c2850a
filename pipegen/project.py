"""Find a project and its pipelines on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from pipegen import problems, references, secrets, source
from pipegen.backends import Target
from pipegen.diagnostics import CompileError, Span
from pipegen.model import SpecModel
from pipegen.source import Document
from pipegen.spec import EnvironmentSpec, ProjectSpec

FILE = "pipegen.yaml"
PIPELINES = "pipelines"
LOCKS = PurePosixPath("pipegen.lock")


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with a `pipegen.yaml`, and what that file says in the chosen environment.

    `texts` are the bytes of files that are edited and not yet written, by their path.
    """

    root: Path
    spec: ProjectSpec
    environment: str | None = None
    texts: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def enabled(self) -> bool:
        """Whether the environment lets schedules be switched on."""
        chosen = self.spec.environments.get(self.environment or "")
        return not (chosen and chosen.schedule and not chosen.schedule.enabled)

    @property
    def locks(self) -> PurePosixPath:
        """The folder of the locks; an environment has its own, for its variables select."""
        return LOCKS / self.environment if self.environment else LOCKS

    def read(self, file: str) -> Document:
        """Read a file of the project; raise CompileError if it is at fault."""
        return document(self.root, file, self.texts)

    def targets(self, written: bool = True) -> dict[str, Target]:
        """Return the back ends `render` writes by default, with their targets."""
        names = type(self.spec.backends).model_fields
        named = [name for name in names if getattr(self.spec.backends, name)]
        return {name: self.target(name, written) for name in named}

    def target(self, backend: str, written: bool = True) -> Target:
        """Return where a back end's files go, and its options; the default if it has none.

        Raises CompileError if something is to be written, the folder depends on an
        environment, and none was chosen.
        """
        spec = getattr(self.spec.backends, backend, None)
        out = spec.out if spec and spec.out else f"generated/{backend}"
        if "${env}" in out:
            if self.environment is None and written:
                span = self.spec.span_of("backends", backend, "out")
                raise CompileError([problems.no_environment(span, self.spec.environments)])
            out = out.replace("${env}", self.environment or "env")
        options = _option(spec) if spec else {}
        return Target(PurePosixPath(out), {key: options[key] for key in options if key != "out"})


def _option(given: Any) -> Any:
    """Return an option as a back end is given it: of mappings, lists and values of the IR."""
    match given:
        case SpecModel():
            return {name: _option(value) for name, value in given if value is not None}
        case dict():
            return {name: _option(value) for name, value in given.items()}
    return given


def root_of(path: Path) -> Path | None:
    """Return the nearest folder at or above `path` that holds a `pipegen.yaml`."""
    start = path.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    return None


def load(
    root: Path, environment: str | None = None, texts: Mapping[str, bytes] | None = None
) -> Project:
    """Read the project at `root`; raise CompileError with every problem of its file.

    Raises KeyError with what is known if `environment` is none of its `environments`.
    """
    written = document(root, FILE, texts or {})
    refused = (*secrets.literal(written), *references.in_keys(written))
    try:
        spec = ProjectSpec.parse(written)
    except CompileError as error:
        spans = {problem.span for problem in refused}
        others = [problem for problem in error.diagnostics if problem.span not in spans]
        raise CompileError([*refused, *others]) from None
    if refused:
        raise CompileError(refused)
    _check_version(spec)
    _check_profiles(spec)
    if environment is not None:
        if environment not in spec.environments:
            raise KeyError(*sorted(spec.environments))
        spec = _overlaid(spec, spec.environments[environment])
    return Project(root, spec, environment, texts or {})


def document(root: Path, file: str, texts: Mapping[str, bytes]) -> Document:
    """Read a file of the project at `root`, or of `texts`; raise CompileError if it is at fault."""
    if file in texts:
        return source.decode(texts[file], file)
    path = root / file
    if leads_out(path, root):
        raise CompileError([problems.unreadable("it leads out of the project", Span(file))])
    return source.read(path, file)


def leads_out(path: Path, root: Path) -> bool:
    """Whether a file is a link to somewhere outside of the project."""
    return path.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root)


def _check_version(spec: ProjectSpec) -> None:
    if spec.requires is None:
        return
    from packaging.specifiers import SpecifierSet

    from pipegen import __version__

    if not SpecifierSet(spec.requires).contains(__version__, prereleases=True):
        span = spec.span_of("requires")
        raise CompileError([problems.wrong_version(spec.requires, __version__, span)])


def _check_profiles(spec: ProjectSpec) -> None:
    """Refuse a profile for a dbt project there is not."""
    place = ("backends", "airflow", "profiles")
    wanted = spec.backends.airflow.profiles if spec.backends.airflow else ()
    known = spec.dbt.projects
    unknown = [
        problems.unknown_project(name, known, spec.key_span_of(*place, name))
        for name in wanted
        if name not in known
    ]
    if unknown:
        raise CompileError(unknown)


def _overlaid(spec: ProjectSpec, environment: EnvironmentSpec) -> ProjectSpec:
    """Return what a project says in an environment."""
    dbt = spec.dbt
    if environment.dbt:
        target = environment.dbt.target
        dbt = dbt.changed(projects={n: p.changed(target=target) for n, p in dbt.projects.items()})
    return spec.changed(
        vars={**spec.vars, **environment.vars},
        connections={**spec.connections, **environment.connections},
        dbt=dbt,
    )


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
            found.update(_below(root, place if place != root else root / PIPELINES))
        elif place.is_file():
            found.add(place.relative_to(root).as_posix())
        else:
            missing.append(problems.unreadable("there is no such file", span))
    if missing:
        raise CompileError(missing)
    return tuple(sorted(found - {FILE}))


def _below(root: Path, folder: Path) -> Iterator[str]:
    """Yield the pipeline files in a folder, which may hold other files of the project too."""
    if folder.is_relative_to(root / PIPELINES):
        for place, _, names in os.walk(folder):
            above = Path(place).relative_to(root).as_posix()
            yield from (f"{above}/{name}" for name in names if name.endswith((".yaml", ".yml")))
    elif (root / PIPELINES).is_relative_to(folder):
        yield from _below(root, root / PIPELINES)
