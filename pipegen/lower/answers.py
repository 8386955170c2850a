"""Have dbt answer what a specification asks, and judge its answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pipegen import problems
from pipegen.dbt.manifest import DbtResource, Manifest, ManifestError
from pipegen.dbt.selection import Selection, SelectionError
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.lower.asked import Query
from pipegen.lower.lock import Lock, LockedSelection
from pipegen.lower.manifests import Manifests


def filled(lock: Lock, asked: Iterable[Query]) -> Lock:
    """Return a lock that is current; raise CompileError for what may not be empty any more."""
    answers = {**lock.selections, **lock.queries}
    empty = [
        problems.empty_selection(query.name, query.span, _allowance(query))
        for query in asked
        if answers[query.name].is_empty and not query.allow_empty
    ]
    if empty:
        raise CompileError(empty)
    return lock


def answered(
    asked: Iterable[Query],
    manifests: Manifests,
    usable: Mapping[str, Manifest],
    found: list[Diagnostic],
) -> Iterator[tuple[str, LockedSelection]]:
    """Yield the answer to each query by its name, and report what dbt refuses."""
    for query in asked:
        asks = query.asks
        manifest = usable[asks.project]
        request = Selection(asks.select, asks.exclude, asks.indirect_selection, asks.selector)
        try:
            ids = manifests.answers(asks.project, manifest).select(request)
        except SelectionError as error:
            found.append(problems.invalid_selection(str(error), query.span))
            continue
        except ManifestError as error:
            path = str(manifests.path(asks.project))
            found.append(problems.bad_manifest(path, str(error), query.project_span))
            continue
        resources = manifest.resources
        nodes = tuple(key for key in ids if is_built(resources[key]))
        tests = tuple(key for key in ids if _is_run(resources[key], nodes))
        fingerprint = _fingerprint(resources[key] for key in (*nodes, *tests))
        answer = replace(asks, nodes=nodes, tests=tests, fingerprint=fingerprint)
        if answer.is_empty and not query.allow_empty:
            found.append(_nothing(query, manifest))
        yield query.name, answer


def is_built(resource: DbtResource) -> bool:
    """Whether building the resource leaves something in the warehouse."""
    return (
        resource.resource_type in ("model", "seed", "snapshot", "function")
        and resource.materialized != "ephemeral"
    )


def _is_run(resource: DbtResource, nodes: tuple[str, ...]) -> bool:
    """Whether `dbt build` runs the resource as a test: a unit test, only with its model."""
    if resource.resource_type == "unit_test":
        return set(resource.parents) <= set(nodes)
    return resource.resource_type == "test"


def _nothing(query: Query, manifest: Manifest) -> Diagnostic:
    words = {r.name for r in manifest.resources.values() if is_built(r)}
    words |= {f"tag:{tag}" for r in manifest.resources.values() for tag in r.tags}
    first = (*query.asks.select, query.asks.selector or "")[0]
    near = problems.nearest(first, words)
    return problems.empty_selection(query.name, query.span, near or _allowance(query))


def _allowance(query: Query) -> str | None:
    """Return the way out a transform has; overrides and SLAs have none."""
    is_transform = "." not in query.name
    return "write `allow_empty: true` if that may be" if is_transform else None


def _fingerprint(resources: Iterable[DbtResource]) -> str:
    facts = [
        (r.unique_id, r.resource_type, r.fqn, r.path, r.materialized, r.severity, r.parents)
        for r in resources
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]
