"""What a command line asks for: the project, the pipelines, the back ends, the rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pipegen.diagnostics import CompileError, Diagnostic, once

if TYPE_CHECKING:
    from pipegen.backends import Backend, Target
    from pipegen.compiler import Compilation, Compiled
    from pipegen.project import Project

POLICIES = "PG6"
"""What the codes of policies begin with."""


class UsageError(Exception):
    """A command line that asks for what there is not."""


class ProjectError(Exception):
    """A project whose own file is at fault, or that has no such pipelines."""

    def __init__(
        self, root: Path, diagnostics: Iterable[Diagnostic], texts: Mapping[str, bytes]
    ) -> None:
        self.root = root
        self.diagnostics = tuple(diagnostics)
        self.texts = texts
        super().__init__(str(root))


@dataclass(frozen=True, slots=True)
class Opened:
    """A project, and the pipeline files that were asked for; `whole` if that is all of it."""

    project: Project
    chosen: frozenset[str]
    whole: bool

    def of(self, compilation: Compilation) -> list[Compiled]:
        """Return the pipelines that were asked for."""
        return [compiled for compiled in compilation.pipelines if compiled.file in self.chosen]

    def findings(self, compilation: Compilation) -> list[Diagnostic]:
        """Return what was found in them, and what is wrong with the project."""
        found = [problem for compiled in self.of(compilation) for problem in compiled.diagnostics]
        return once([*found, *(problem for problem in compilation.findings if problem.is_error)])


def project(
    paths: Sequence[Path] | None,
    environment: str | None = None,
    stdin: tuple[BinaryIO, Path | None] | None = None,
) -> Opened:
    """Open the project that holds `paths`, or the working folder.

    `stdin` holds the content of the one file that is asked for, in place of what is on disk.
    Raises UsageError, and ProjectError with every fault that can be known without a project.
    """
    from pipegen.project import FILE, load, pipelines, root_of

    if stdin is not None and stdin[1] is None:
        raise UsageError("`-` needs --stdin-filename, to know which file of the project it is")
    asked = [stdin[1]] if stdin and stdin[1] else list(paths or ())
    start = asked[0] if asked else Path.cwd()
    root = root_of(start)
    if root is None:
        raise UsageError(f"there is no {FILE} in '{start}' or in a folder above it")
    texts = _unwritten(root, stdin[0], asked[0]) if stdin else {}
    whole = not asked or FILE in texts
    try:
        opened = load(root, environment, texts)
        chosen = pipelines(root, () if whole else asked) if whole or not texts else tuple(texts)
    except CompileError as error:
        raise ProjectError(root, [*error.diagnostics, *_shapes(root, texts)], texts) from None
    except KeyError as error:
        known = ", ".join(map(str, error.args)) or "none"
        raise UsageError(f"no environment is called '{environment}'; there are: {known}") from None
    return Opened(opened, frozenset(chosen), whole)


def around(pipeline: str, environment: str | None) -> Opened:
    """Open the project of a pipeline, which is called by its name or its file."""
    path = Path(pipeline)
    return project([path] if path.is_file() else None, environment)


def _unwritten(root: Path, stdin: BinaryIO, file: Path) -> dict[str, bytes]:
    from pipegen.source import MAX_SIZE

    place = file.resolve()
    if not place.is_relative_to(root):
        raise UsageError(f"'{file}' is outside the project")
    return {place.relative_to(root).as_posix(): stdin.read(MAX_SIZE + 1)}


def _shapes(root: Path, texts: Mapping[str, bytes]) -> list[Diagnostic]:
    """Return what is wrong with pipelines alone: a faulty project must not hide it."""
    from pipegen.compiler import shapes

    return shapes(root, texts)


def backends_called(names: Iterable[str]) -> tuple[Backend, ...]:
    """Return the back ends of these names; raise UsageError for what is none."""
    from pipegen import backends

    for name in names:
        if name not in backends.available():
            known = ", ".join(backends.available())
            raise UsageError(f"no back end is called '{name}'; there are {known}")
    return tuple(map(backends.get, names))


def targets(
    project: Project,
    names: Iterable[str] | None = None,
    *,
    written: bool = True,
    needed: bool = True,
) -> dict[str, Target]:
    """Return the targets asked for, or those the project names.

    Raises UsageError for what is no back end and, if they are to be `written`, for none where
    one is `needed`.
    """
    try:
        found = {each.name: project.target(each.name) for each in backends_called(names or ())}
        found = found or project.targets(written)
    except CompileError as error:
        raise ProjectError(project.root, error.diagnostics, project.texts) from None
    if written and needed and not found:
        raise UsageError("no back end: name some under `backends`, or use --backend")
    return found


def named(pipelines: Iterable[Compiled], wanted: str) -> Compiled:
    """Return the pipeline of a name or file; raise UsageError if there is none."""
    listed = list(pipelines)
    for compiled in listed:
        stem = Path(compiled.file).stem
        name = compiled.pipeline.name if compiled.pipeline else stem
        if wanted in (name, compiled.file) or Path(wanted).name == Path(compiled.file).name:
            return compiled
    known = ", ".join(sorted(c.pipeline.name if c.pipeline else c.file for c in listed))
    raise UsageError(f"no pipeline is called '{wanted}'; there are: {known or 'none'}")


def left_out(select: Sequence[str] | None, ignore: Sequence[str] | None) -> tuple[str, ...]:
    """Return the codes of the rules that are not checked; raise UsageError for what is no rule."""
    named = (*(select or ()), *(ignore or ()))
    if not named:
        return ()
    from pipegen.problems.catalog import constructors

    rules = [code for code in constructors() if code.startswith(POLICIES)]
    for code in named:
        if not any(rule.startswith(code) for rule in rules):
            raise UsageError(f"'{code}' is no rule of policies: they are {', '.join(rules)}")
    unselected = [rule for rule in rules if select and not rule.startswith(tuple(select))]
    return (*unselected, *(ignore or ()))
