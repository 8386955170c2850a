"""Ask dbt what a pipeline's selections and references mean: a specification to its lock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping

from pipegen import problems
from pipegen.dbt.lineage import node_selector
from pipegen.dbt.manifest import DbtResource, Manifest, ManifestError
from pipegen.dbt.project import profile_of
from pipegen.dbt.selection import Selection, SelectionError, select
from pipegen.diagnostics import CompileError, Diagnostic, Span
from pipegen.lower.lock import (
    Lock,
    LockedNode,
    LockedProject,
    LockedReference,
    LockedSelection,
    LockedTest,
)
from pipegen.lower.manifests import Manifests
from pipegen.spec import DbtTransform, PipelineSpec

TESTS = ("test", "unit_test")


def resolve(spec: PipelineSpec, manifests: Manifests, known: Lock | None) -> Lock:
    """Return the lock of a pipeline; raise CompileError with every problem found.

    Where a manifest is missing, `known` (the lock as committed) serves if it answers the
    same selections and references.
    """
    found: list[Diagnostic] = list(_unknown_projects(spec, manifests))
    names = _projects(spec, manifests)
    usable: dict[str, Manifest] = {}
    for name, span in names.items():
        match manifests.get(name):
            case Manifest() as manifest:
                usable[name] = manifest
            case ManifestError() as error:
                found.append(problems.bad_manifest(str(manifests.path(name)), str(error), span))
            case None if known is not None and not found and _current(spec, known):
                return known
            case None:
                path, command = str(manifests.path(name)), manifests.command(name)
                found.append(problems.missing_manifest(path, command, span))
    if found:
        raise CompileError(found)
    selections = _select(spec, manifests, usable, found)
    references = dict(_references(spec, usable, found))
    if found:
        raise CompileError(found)
    projects: dict[str, LockedProject] = {}
    for name, manifest in usable.items():
        try:
            projects[name] = _locked(name, manifest, manifests, selections, references)
        except ManifestError as error:
            path = str(manifests.path(name))
            raise CompileError([problems.bad_manifest(path, str(error), names[name])]) from None
    return Lock(spec.pipeline, projects, selections, references)


def _projects(spec: PipelineSpec, manifests: Manifests) -> dict[str, Span]:
    """Return the dbt projects a pipeline uses, each with the place that says so."""
    used: dict[str, Span] = {}
    for transform in spec.transforms.values():
        if transform.project in manifests.specs:
            used.setdefault(transform.project, transform.span_of("project"))
    if not used and len(manifests.specs) == 1:
        for task in (*spec.sources.values(), *spec.activations.values()):
            key = "loads" if hasattr(task, "loads") else "reads"
            if getattr(task, key):
                used.setdefault(next(iter(manifests.specs)), task.span_of(key))
    return used


def _unknown_projects(spec: PipelineSpec, manifests: Manifests) -> Iterator[Diagnostic]:
    for transform in spec.transforms.values():
        if transform.project not in manifests.specs:
            yield problems.unknown_project(
                transform.project, manifests.specs, transform.span_of("project")
            )


def _request(transform: DbtTransform) -> LockedSelection:
    return LockedSelection(
        transform.project, transform.select, transform.exclude, transform.indirect_selection
    )


def _written(spec: PipelineSpec) -> Iterator[str]:
    for source in spec.sources.values():
        yield from source.loads
    for activation in spec.activations.values():
        yield from activation.reads


def _current(spec: PipelineSpec, lock: Lock) -> bool:
    requests = {name: _request(transform) for name, transform in spec.transforms.items()}
    return (
        requests.keys() == lock.selections.keys()
        and all(lock.selections[name].answers(request) for name, request in requests.items())
        and set(_written(spec)) == set(lock.references)
    )


def _select(
    spec: PipelineSpec,
    manifests: Manifests,
    usable: Mapping[str, Manifest],
    found: list[Diagnostic],
) -> dict[str, LockedSelection]:
    selections: dict[str, LockedSelection] = {}
    for name, transform in spec.transforms.items():
        manifest = usable[transform.project]
        request = Selection(transform.select, transform.exclude, transform.indirect_selection)
        try:
            (ids,) = select(manifest, manifests.dir(transform.project), [request])
        except SelectionError as error:
            found.append(problems.invalid_selection(str(error), _place(transform)))
            continue
        except ManifestError as error:
            path = str(manifests.path(transform.project))
            found.append(problems.bad_manifest(path, str(error), transform.span_of("project")))
            continue
        resources = manifest.resources
        nodes = tuple(key for key in ids if _is_built(resources[key]))
        tests = tuple(key for key in ids if _is_run(resources[key], nodes))
        if not nodes and not tests:
            found.append(_nothing(name, transform, manifest))
        selections[name] = LockedSelection(
            *(transform.project, transform.select, transform.exclude),
            *(transform.indirect_selection, nodes, tests),
            _fingerprint(resources[key] for key in (*nodes, *tests)),
        )
    return selections


def _is_built(resource: DbtResource) -> bool:
    """Whether building the resource leaves something in the warehouse."""
    return (
        resource.resource_type in ("model", "seed", "snapshot")
        and resource.materialized != "ephemeral"
    )


def _is_run(resource: DbtResource, nodes: tuple[str, ...]) -> bool:
    """Whether `dbt build` runs the resource as a test: a unit test, only with its model."""
    if resource.resource_type == "unit_test":
        return set(resource.parents) <= set(nodes)
    return resource.resource_type == "test"


def _nothing(name: str, transform: DbtTransform, manifest: Manifest) -> Diagnostic:
    words = {r.name for r in manifest.resources.values() if _is_built(r)}
    words |= {f"tag:{tag}" for r in manifest.resources.values() for tag in r.tags}
    help = problems.nearest(transform.select[0], words)
    return problems.empty_selection(name, _place(transform), help)


def _place(transform: DbtTransform) -> Span:
    """Return where the selection is written: the one item of a list, or all of it."""
    return transform.span_of("select", *([0] if len(transform.select) == 1 else []))


def _fingerprint(resources: Iterable[DbtResource]) -> str:
    facts = [
        (r.unique_id, r.resource_type, r.fqn, r.path, r.materialized, r.severity, r.parents)
        for r in resources
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def _references(
    spec: PipelineSpec, usable: Mapping[str, Manifest], found: list[Diagnostic]
) -> Iterator[tuple[str, LockedReference]]:
    for source in spec.sources.values():
        for index, written in enumerate(source.loads if usable else ()):
            candidates = [c for c in _candidates(written, usable) if c[1].resource_type == "source"]
            if candidates:
                yield written, LockedReference(candidates[0][0], candidates[0][1].unique_id)
            else:
                known = [f"{r.source_name}.{r.name}" for m in usable.values() for r in m.sources()]
                span = source.span_of("loads", index)
                found.append(problems.unknown_source(written, known, span))
    for name, activation in spec.activations.items():
        for index, written in enumerate(activation.reads):
            span = activation.span_of("reads", index)
            candidates = _candidates(written, usable)
            match candidates:
                case [(project, resource)]:
                    yield written, LockedReference(project, resource.unique_id)
                case []:
                    known = [
                        r.name
                        for m in usable.values()
                        for r in m.resources.values()
                        if _is_built(r)
                    ]
                    found.append(problems.unknown_model(name, written, known, span))
                case _:
                    forms = sorted(_full_name(project, r, usable) for project, r in candidates)
                    found.append(problems.ambiguous_model(written, forms, span))


def _candidates(written: str, usable: Mapping[str, Manifest]) -> list[tuple[str, DbtResource]]:
    project, colon, rest = written.partition(":")
    if colon:
        usable = {project: usable[project]} if project in usable else {}
    reference = rest if colon else written
    return [(name, r) for name, manifest in usable.items() for r in manifest.find(reference)]


def _full_name(project: str, resource: DbtResource, usable: Mapping[str, Manifest]) -> str:
    name = f"{resource.name}.v{resource.version}" if resource.version else resource.name
    return f"{project}:{name}" if len(usable) > 1 else f"{resource.package}.{name}"


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
    tests = {key for selection in mine for key in selection.tests} | {
        key
        for key, resource in resources.items()
        if resource.resource_type in TESTS
        and resource.parents
        and built.issuperset(resource.parents)
        and len(set(resource.parents)) == 1
    }
    landmarks = built | {r.unique_id for r in references.values() if r.project == name}
    landmarks |= {parent for key in tests for parent in resources[key].parents}
    landmarks |= {source.unique_id for source in manifest.sources()}
    parents = manifests.lineage(name, manifest).collapse(landmarks)
    reached = _reached(built | {key for key in landmarks if not key.startswith("source.")}, parents)
    return LockedProject(
        package=manifest.project_name,
        profile=profile_of(manifests.dir(name)),
        nodes={
            key: LockedNode(
                *(resources[key].name, resources[key].package, resources[key].resource_type),
                resources[key].version,
                node_selector(manifest, key) if key in built else "",
                tuple(parents[key]),
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
