"""Ask dbt what a pipeline's selections and references mean: a specification to its lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from pipegen import problems
from pipegen.dbt.lineage import node_selector
from pipegen.dbt.manifest import DbtResource, Manifest, ManifestError
from pipegen.dbt.project import profile_of
from pipegen.diagnostics import CompileError, Diagnostic, Span
from pipegen.lower.answers import answered, filled, is_built
from pipegen.lower.asked import Query, Written, queries, selections, written
from pipegen.lower.lock import (
    Lock,
    LockedNode,
    LockedProject,
    LockedReference,
    LockedSelection,
    LockedTest,
)
from pipegen.lower.manifests import Manifests, full_names
from pipegen.spec import PipelineSpec


def resolve(spec: PipelineSpec, manifests: Manifests, committed: Callable[[], Lock | None]) -> Lock:
    """Return the lock of a pipeline; raise CompileError with every problem found.

    Where a manifest is missing, the lock as `committed` serves if it answers the same
    selections and references.
    """
    asked = (*selections(spec), *queries(spec, tuple(manifests.specs)))
    names = tuple(written(spec))
    if not asked and not names and not spec.selections:
        return Lock(spec.pipeline)
    found: list[Diagnostic] = list(_unknown_projects(spec, asked, manifests))
    needed = _projects(spec, asked, names, manifests)
    usable: dict[str, Manifest] = {}
    for name, span in needed.items():
        match manifests.get(name):
            case Manifest() as manifest:
                usable[name] = manifest
            case ManifestError() as error:
                found.append(problems.bad_manifest(str(manifests.path(name)), str(error), span))
            case None:
                known = committed()
                ours = known and known.projects.keys() <= manifests.specs.keys()
                if known and ours and not found and _current(asked, names, known):
                    return filled(known, asked)
                path, command = str(manifests.path(name)), manifests.command(name)
                found.append(problems.missing_manifest(path, command, span))
    if found:
        raise CompileError(found)
    answers = dict(answered(asked, manifests, usable, found))
    references = dict(_references(names, usable, manifests, found))
    if found:
        raise CompileError(found)
    return _lock(spec, manifests, usable, needed, answers, references)


def doubts(spec: PipelineSpec, manifests: Manifests) -> list[Diagnostic]:
    """Return what makes the manifests a pipeline was resolved on look out of date."""
    asked = (*selections(spec), *queries(spec, tuple(manifests.specs)))
    used = _projects(spec, asked, written(spec), manifests)
    return [problem for name in used if (problem := manifests.doubt(name))]


def _lock(
    spec: PipelineSpec,
    manifests: Manifests,
    usable: dict[str, Manifest],
    needed: Mapping[str, Span],
    answers: Mapping[str, LockedSelection],
    references: Mapping[str, LockedReference],
) -> Lock:
    """Return the lock, with the projects that a selection or a reference leads to."""
    own = {name: answer for name, answer in answers.items() if name in spec.selections}
    projects: dict[str, LockedProject] = {}
    used = {a.project for a in answers.values()} | {r.project for r in references.values()}
    used |= {transform.project for transform in spec.selections.values()}
    for name in [name for name in manifests.specs if name in used]:
        manifest = manifests.get(name)
        assert isinstance(manifest, Manifest), "something was resolved in it"
        try:
            projects[name] = _locked(name, manifest, manifests, own, references)
        except ManifestError as error:
            path, span = str(manifests.path(name)), needed.get(name, spec.span)
            raise CompileError([problems.bad_manifest(path, str(error), span)]) from None
    others = {name: answer for name, answer in answers.items() if name not in own}
    return Lock(spec.pipeline, projects, own, references, others)


def _projects(
    spec: PipelineSpec, asked: Iterable[Query], names: Iterable[Written], manifests: Manifests
) -> dict[str, Span]:
    """Return the dbt projects a pipeline needs, each with the place that says so.

    One that names models and selects none is taken to mean any project's.
    """
    used: dict[str, Span] = {}
    for transform in spec.selections.values():
        if transform.project in manifests.specs:
            used.setdefault(transform.project, transform.span_of("project"))
    for query in asked:
        if query.asks.project in manifests.specs:
            used.setdefault(query.asks.project, query.project_span)
    for name in names:
        if name.project in manifests.specs:
            used.setdefault(str(name.project), name.span)
        elif not spec.selections:
            for project in manifests.specs:
                used.setdefault(project, name.span)
    return used


def _unknown_projects(
    spec: PipelineSpec, asked: Iterable[Query], manifests: Manifests
) -> Iterator[Diagnostic]:
    for transform in spec.selections.values():
        if transform.project not in manifests.specs:
            span = transform.span_of("project")
            yield problems.unknown_project(transform.project, manifests.specs, span)
    for query in asked:
        if query.asks.project not in manifests.specs and query.name.startswith("slas."):
            span, name = query.project_span, query.asks.project
            known = problems.unknown_project(name, manifests.specs, span)
            yield known if name else problems.missing_key("project", span)


def _current(asked: Iterable[Query], names: Iterable[Written], lock: Lock) -> bool:
    locked = {**lock.selections, **lock.queries}
    requests = {query.name: query.asks.request for query in asked}
    return requests == {name: answer.request for name, answer in locked.items()} and {
        name.text for name in names
    } == set(lock.references)


def _references(
    names: Iterable[Written],
    usable: Mapping[str, Manifest],
    manifests: Manifests,
    found: list[Diagnostic],
) -> Iterator[tuple[str, LockedReference]]:
    """Yield what each name means: in the pipeline's own dbt projects, or else in any other."""
    for name in names if usable else ():
        projects, candidates = usable, _candidates(name, usable)
        if not candidates:
            projects = {
                n: m for n in manifests.specs if isinstance(m := manifests.get(n), Manifest)
            }
            candidates = _candidates(name, projects)
        match candidates:
            case [(project, resource)]:
                yield name.text, _reference(project, resource, projects[project])
            case []:
                found.append(_unknown(name, projects))
            case _:
                forms = sorted(full_names(candidates, projects))
                found.append(problems.ambiguous_model(name.text, forms, name.span))


def _reference(project: str, resource: DbtResource, manifest: Manifest) -> LockedReference:
    if resource.resource_type != "source":
        return LockedReference(project, resource.unique_id)
    select = node_selector(manifest, resource.unique_id)
    return LockedReference(project, resource.unique_id, resource.thresholds, select)


def _unknown(name: Written, usable: Mapping[str, Manifest]) -> Diagnostic:
    tables = [f"{r.source_name}.{r.name}" for m in usable.values() for r in m.sources()]
    if name.loads:
        return problems.unknown_source(name.text, tables, name.span)
    models = [r.name for m in usable.values() for r in m.resources.values() if is_built(r)]
    known = tables if "." in name.text else models
    return problems.unknown_model(name.user, name.text, known or models, name.span)


def _candidates(written: Written, usable: Mapping[str, Manifest]) -> list[tuple[str, DbtResource]]:
    if written.project is not None:
        usable = {name: m for name, m in usable.items() if name == written.project}
    reference = written.text.rpartition(":")[2]
    return [
        (name, resource)
        for name, manifest in usable.items()
        for resource in manifest.find(reference)
        if not written.loads or resource.resource_type == "source"
    ]


def _locked(
    name: str,
    manifest: Manifest,
    manifests: Manifests,
    selections: Mapping[str, LockedSelection],
    references: Mapping[str, LockedReference],
) -> LockedProject:
    resources = manifest.resources
    mine = [selection for selection in selections.values() if selection.project == name]
    built = {key for selection in mine for key in selection.nodes}
    lineage = manifests.lineage(name, manifest)
    tests = {key for selection in mine for key in selection.tests} | lineage.tests_within(built)
    landmarks = built | {r.unique_id for r in references.values() if r.project == name}
    landmarks |= {parent for key in tests for parent in resources[key].parents}
    landmarks |= {source.unique_id for source in manifest.sources()}
    parents = lineage.collapse(landmarks)
    named = {r.unique_id for r in references.values() if r.project == name}
    start = named | {key for key in landmarks if not key.startswith("source.")}
    reached = _reached(start, parents)
    return LockedProject(
        package=manifest.project_name,
        profile=profile_of(manifests.dir(name)),
        nodes={
            key: LockedNode(
                *(resources[key].name, resources[key].package, resources[key].resource_type),
                resources[key].version,
                node_selector(manifest, key) if key in built else "",
                *(tuple(parents[key]), resources[key].tags, resources[key].meta),
            )
            for key in sorted(reached)
        },
        tests={
            key: LockedTest(
                *(resources[key].name, resources[key].package),
                *(resources[key].severity or "error", node_selector(manifest, key)),
                tuple(sorted(set(resources[key].parents))),
            )
            for key in sorted(tests)
        },
    )


def _reached(start: set[str], parents: Mapping[str, tuple[str, ...]]) -> set[str]:
    """Return the nodes of `start` and their ancestors: sources nothing reads are left out."""
    seen: set[str] = set()
    left = list(start)
    while left:
        key = left.pop()
        if key not in seen and key in parents:
            seen.add(key)
            left.extend(parents[key])
    return seen
