"""The whole path: read, parse, lower, check, plan, render. Pure but for reading files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from pipegen import backends, capabilities, ir, problems, references
from pipegen.backends import Target
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.lower import lower
from pipegen.lower.lock import Lock, dump, load
from pipegen.lower.manifests import Manifests
from pipegen.lower.resolve import resolve
from pipegen.project import LOCKS, Project, pipelines
from pipegen.render import PlannedFile, RenderedFile, render
from pipegen.source import Document, read
from pipegen.spec import PipelineSpec


@dataclass(frozen=True, slots=True)
class Output:
    """Files for one folder, relative to the project's root; `backend` is empty for a lock."""

    out: PurePosixPath
    files: tuple[RenderedFile, ...]
    backend: str = ""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one pipeline file became: its meaning and its outputs, or the reasons why not."""

    file: str
    pipeline: ir.Pipeline | None
    outputs: tuple[Output, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Compilation:
    """What a project became. `shared` are the files all of its pipelines have part in.

    They are there only if every pipeline compiled: one that did not would vanish from them.
    """

    pipelines: tuple[Compiled, ...]
    shared: tuple[Output, ...]

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding, by place."""
        found = (d for compiled in self.pipelines for d in compiled.diagnostics)
        return tuple(sorted(found, key=lambda d: d.sort_key))


def compile_project(project: Project, targets: dict[str, Target]) -> Compilation:
    """Compile every pipeline of a project for the back ends of `targets`.

    A faulty pipeline carries its diagnostics and never hides the others.
    """
    manifests = Manifests(project.root, project.spec)
    compiled = tuple(
        _compile(project, manifests, file, targets) for file in pipelines(project.root)
    )
    compiled = tuple(_unique(compiled))
    for name in targets:
        compiled = _apart(compiled, name)
    whole = tuple(c.pipeline for c in compiled if c.pipeline)
    if len(whole) < len(compiled):
        return Compilation(compiled, ())
    shared = (
        _planned(name, target, backends.get(name).plan_project(whole, target))
        for name, target in targets.items()
    )
    return Compilation(compiled, tuple(output for output in shared if output.files))


def _compile(
    project: Project, manifests: Manifests, file: str, targets: dict[str, Target]
) -> Compiled:
    try:
        spec = PipelineSpec.parse(_filled(read(project.root / file, file), project))
        lock = resolve(spec, manifests, _known(project, spec.pipeline))
        pipeline, warnings = lower(spec, project.spec, lock, file)
    except CompileError as error:
        return Compiled(file, None, (), error.diagnostics)
    found = list(warnings)
    outputs = list(_locked(lock))
    for name, target in targets.items():
        backend = backends.get(name)
        unfit = tuple(capabilities.check(pipeline, backend.title, backend.capabilities))
        found += unfit
        if not any(problem.is_error for problem in unfit):
            outputs.append(_planned(name, target, backend.plan(pipeline, target)))
    return Compiled(file, pipeline, tuple(outputs), tuple(found))


def _filled(document: Document, project: Project) -> Document:
    value, unfilled = references.fill(document.value, project.spec.vars)
    if unfilled:
        raise CompileError(
            problems.unknown_variable(p.unknown, project.spec.vars, document.span(p.path))
            if p.unknown
            else problems.bad_reference(p.text, p.why, document.span(p.path))
            for p in unfilled
        )
    return replace(document, value=value)


def _known(project: Project, pipeline: str) -> Lock | None:
    try:
        return load((project.root / LOCKS / f"{pipeline}.json").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def _locked(lock: Lock) -> Iterator[Output]:
    """Yield the lock file, unless the pipeline takes nothing from dbt."""
    if lock.selections or lock.references:
        path = PurePosixPath(f"{lock.pipeline}.json")
        yield Output(LOCKS, (RenderedFile(path, dump(lock)),))


def _planned(name: str, target: Target, files: Iterable[PlannedFile]) -> Output:
    return Output(target.out, render(files, backends.get(name).templates), name)


def _unique(compiled: tuple[Compiled, ...]) -> Iterator[Compiled]:
    """Yield the pipelines, those with the name of an earlier one as faulty."""
    first: dict[str, ir.Pipeline] = {}
    for item in compiled:
        if item.pipeline is None:
            yield item
            continue
        other = first.setdefault(item.pipeline.name, item.pipeline)
        if other is item.pipeline:
            yield item
            continue
        problem = problems.duplicate_pipeline(item.pipeline.name, item.pipeline.span, other.span)
        yield Compiled(item.file, None, (), (*item.diagnostics, problem))


def _apart(compiled: tuple[Compiled, ...], name: str) -> tuple[Compiled, ...]:
    """Take a back end's files from pipelines that build what another builds, if that matters."""
    backend = backends.get(name)
    if not backend.one_builder:
        return compiled
    found: dict[str, list[Diagnostic]] = {}
    whole = [c.pipeline for c in compiled if c.pipeline]
    for pipeline, problem in capabilities.clashes(whole, backend.title):
        found.setdefault(pipeline, []).append(problem)
    return tuple(
        replace(
            item,
            outputs=tuple(o for o in item.outputs if o.backend != name),
            diagnostics=(*item.diagnostics, *found[item.pipeline.name]),
        )
        if item.pipeline and item.pipeline.name in found
        else item
        for item in compiled
    )
