"""The whole path: read, parse, lower, check, plan, render. Pure but for reading files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from pipegen import (
    backends,
    capabilities,
    consistency,
    exposures,
    features,
    ir,
    policy,
    problems,
)
from pipegen.backends import Target
from pipegen.bounded import read_bytes
from pipegen.consistency import Understood
from pipegen.dbt.cache import Answers
from pipegen.diagnostics import CompileError, Diagnostic, Span, once
from pipegen.expand import specifications
from pipegen.files import Output, PlannedFile, RenderedFile
from pipegen.lower import lower
from pipegen.lower.lock import Lock, dump, load
from pipegen.lower.manifests import Manifests
from pipegen.lower.resolve import doubts, resolve
from pipegen.project import FILE, Project, document, pipelines
from pipegen.spec import PipelineSpec

MAX_LOCK = 64_000_000
"""The largest lock that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """What one pipeline became: its meaning and its outputs, or the reasons why not."""

    file: str
    pipeline: ir.Pipeline | None
    outputs: tuple[Output, ...]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class Compilation:
    """What a project became. `shared` are the files all of its pipelines have part in.

    They are there only if every pipeline compiled: one that did not would vanish from them.
    `findings` are about the project as a whole. `answers` are those of dbt, to be kept.
    """

    pipelines: tuple[Compiled, ...]
    shared: tuple[Output, ...]
    findings: tuple[Diagnostic, ...] = ()
    answers: tuple[Answers, ...] = ()

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Every finding, by place."""
        found = [d for compiled in self.pipelines for d in compiled.diagnostics]
        return tuple(sorted(once([*found, *self.findings]), key=lambda d: d.sort_key))


@dataclass(slots=True)
class _Work:
    """A pipeline on its way: what is known of it, and what was found; `unfit` by back end."""

    file: str
    item: Understood | None
    found: list[Diagnostic] = field(default_factory=list)
    unfit: dict[str, list[Diagnostic]] = field(default_factory=dict)
    unfit_target: set[str] = field(default_factory=set)
    needs: tuple[tuple[capabilities.Feature, ir.Node], ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.item is not None and not any(problem.is_error for problem in self.found)

    def wants(self, backend: str) -> bool:
        """Whether the pipeline is to be written for a back end."""
        choice = self.item.spec.backends.get(backend) if self.item else None
        return choice is None or choice.enabled

    def fits(self, backend: str) -> bool:
        """Whether it can be."""
        unfit = any(problem.is_error for problem in self.unfit.get(backend, ()))
        return not unfit and backend not in self.unfit_target


def compile_project(
    project: Project,
    targets: Mapping[str, Target],
    *,
    ignore: Iterable[str] = (),
    write: bool = True,
    expose: bool = False,
) -> Compilation:
    """Compile every pipeline of a project for the back ends of `targets`.

    A faulty pipeline carries its diagnostics and never hides the others. Rules of policies
    whose codes begin with one of `ignore` are left out. Without `write` nothing is rendered.
    With `expose` the activations become dbt exposures too.
    """
    manifests = Manifests(project.root, project.spec)
    works = [work for file in _files(project) for work in _read(project, manifests, file)]
    understood = [work.item for work in works if work.item]
    known = [work for work in works if work.item]
    complete = len(understood) == len(works)
    for index, problem in consistency.check(understood, complete=complete):
        known[index].found.append(problem)
    skipped = tuple({*ignore, *project.spec.policies.ignore})
    for work in known:
        assert work.item, "it is known"
        rules = policy.check(work.item, project.spec.policies)
        work.found += [rule for rule in rules if not rule.code.startswith(skipped or ("-",))]
        work.found += _unknown_backends(work.item.spec)
        work.needs = tuple(features.required(work.item.pipeline))
    findings = list(consistency.unused(project.spec, understood)) if complete else []
    for name, target in targets.items():
        _check(known, name, target)
        if target.options.get("secrets", "env") != "env":
            findings += _store(project, known, name)
    shared: list[Output] = []
    whole = all(work.is_whole for work in works)
    if write and whole:
        shared += _shared(works, targets)
    if expose:
        for index, problem in exposures.check(understood, project):
            known[index].unfit.setdefault(exposures.NAME, []).append(problem)
        if write and whole and all(work.fits(exposures.NAME) for work in works):
            shared += exposures.outputs(understood, project)
    written = write and (bool(targets) or expose)
    return Compilation(
        pipelines=tuple(_compiled(project, work, targets, written) for work in works),
        shared=tuple(shared),
        findings=tuple(findings),
        answers=manifests.answered,
    )


def shapes(root: Path, texts: Mapping[str, bytes]) -> list[Diagnostic]:
    """Return what is wrong with the pipelines of a project whose own file cannot be used."""
    found: list[Diagnostic] = []
    for file in sorted({*pipelines(root), *texts} - {FILE}):
        try:
            specifications(document(root, file, texts), None)
        except CompileError as error:
            found += error.diagnostics
    return found


def _files(project: Project) -> tuple[str, ...]:
    found = {*pipelines(project.root), *project.texts} - {FILE}
    return tuple(sorted(found))


def _read(project: Project, manifests: Manifests, file: str) -> Iterator[_Work]:
    """Yield the pipelines of a file, or what is wrong with it."""
    if not file.isprintable():  # it stands in the header of what is generated
        hidden = problems.unreadable("its name holds a character nobody can see", Span(file))
        yield _Work(file, None, [hidden])
        return
    try:
        specs = specifications(project.read(file), project.spec.vars)
    except CompileError as error:
        yield _Work(file, None, list(error.diagnostics))
        return
    faulty: dict[Diagnostic, None] = {}
    for spec in specs:
        try:
            lock = resolve(spec, manifests, partial(_known, project, spec.pipeline))
            lowered = lower(spec, project.spec, lock, file, enabled=project.enabled)
        except CompileError as error:
            met = (*error.diagnostics, *doubts(spec, manifests))
            new = [problem for problem in met if problem not in faulty]
            faulty |= dict.fromkeys(new)
            yield _Work(file, None, new)
            continue
        met = (*lowered.warnings, *doubts(spec, manifests))
        warnings = [problem for problem in met if problem not in faulty]
        faulty |= dict.fromkeys(warnings)
        yield _Work(file, Understood(spec, lock, lowered), warnings)


def _known(project: Project, pipeline: str) -> Lock | None:
    try:
        path = project.root / project.locks / f"{pipeline}.json"
        return load(read_bytes(path, MAX_LOCK).decode("utf-8"))
    except (OSError, UnicodeDecodeError):
        return None


def _check(works: list[_Work], name: str, target: Target) -> None:
    """Hold what the pipelines need against what a back end offers."""
    backend = backends.get(name)
    offered = backend.keeps(target)
    wanting = [work for work in works if work.wants(name)]
    for work in works:
        assert work.item, "it is known"
        work.found += _choices(work.item.spec, name, offered)
    for work in wanting:
        assert work.item, "it is known"
        choice = work.item.spec.backends.get(name)
        accepted = choice.accept if choice else ()
        unfit = capabilities.check(work.needs, backend.title, offered, accepted)
        work.unfit[name] = list(unfit)
    if backend.one_builder:
        for pipeline, problem in capabilities.clashes(
            [work.item.pipeline for work in wanting if work.item], backend.title
        ):
            (work,) = (w for w in wanting if w.item and w.item.pipeline is pipeline)
            work.unfit[name].append(problem)


def _store(project: Project, works: list[_Work], name: str) -> Iterator[Diagnostic]:
    """Yield what is wrong with secrets that come from the orchestrator, and say so of the works."""
    backend, span = backends.get(name), project.spec.span_of("backends", name, "secrets")
    need = (capabilities.Feature.SECRET_STORE, ir.Node(span=span))
    for problem in capabilities.check([need], backend.title, backend.capabilities):
        for work in works:
            work.unfit_target |= {name} if problem.is_error else set()
        yield problem


def _unknown_backends(spec: PipelineSpec) -> Iterator[Diagnostic]:
    for name in spec.backends:
        if name not in backends.available():
            span = spec.key_span_of("backends", name)
            yield problems.unknown_backend(name, backends.available(), span)


def _choices(
    spec: PipelineSpec, name: str, offered: capabilities.Capabilities
) -> Iterator[Diagnostic]:
    """Yield what a pipeline says of a back end that the back end knows nothing of."""
    if (choice := spec.backends.get(name)) is None:
        return
    known = capabilities.acceptable(offered)
    for index, feature in enumerate(choice.accept):
        if feature not in known:
            yield problems.unknown_feature(feature, known, choice.span_of("accept", index))


def _compiled(
    project: Project, work: _Work, targets: Mapping[str, Target], written: bool
) -> Compiled:
    found = [*work.found, *(problem for unfit in work.unfit.values() for problem in unfit)]
    if work.item is None:
        return Compiled(work.file, None, (), tuple(found))
    outputs: list[Output] = []
    if work.is_whole and written:
        outputs += _locked(project, work.item.lock)
        for name, target in targets.items():
            if work.wants(name) and work.fits(name):
                planned = backends.get(name).plan(work.item.pipeline, target)
                outputs.append(_rendered(name, target, planned))
    return Compiled(work.file, work.item.pipeline, tuple(outputs), tuple(found))


def _shared(works: list[_Work], targets: Mapping[str, Target]) -> Iterator[Output]:
    """Yield the shared files of each back end, if every pipeline that wants it fits it."""
    for name, target in targets.items():
        wanting = [work for work in works if work.wants(name)]
        if all(work.fits(name) for work in wanting):
            whole = tuple(work.item.pipeline for work in wanting if work.item)
            output = _rendered(name, target, backends.get(name).plan_project(whole, target))
            if output.files:
                yield output


def _locked(project: Project, lock: Lock) -> Iterator[Output]:
    """Yield the lock file, unless the pipeline takes nothing from dbt."""
    if lock.selections or lock.references or lock.queries:
        path = PurePosixPath(f"{lock.pipeline}.json")
        yield Output(project.locks, (RenderedFile(path, dump(lock)),))


def _rendered(name: str, target: Target, files: Iterable[PlannedFile]) -> Output:
    from pipegen.render import render

    return Output(target.out, render(files, backends.get(name).templates), name)
