"""What a task has that does not say otherwise, and what an override changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic
from pipegen.lower.lock import Lock
from pipegen.model import SpecModel
from pipegen.spec import (
    DbtTransform,
    OverrideSpec,
    PipelineSpec,
    ProjectSpec,
    RetriesSpec,
    TaskSpec,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The levels that settings come from: project, then pipeline, then task."""

    pipeline: PipelineSpec
    project: ProjectSpec
    found: list[Diagnostic]

    def of(self, task: TaskSpec) -> dict[str, Any]:
        """Return the owner, the retries, the timeout and the pool of a task."""
        levels = (task, self.pipeline.defaults, self.project.defaults)
        retries = next((level.retries for level in levels if level.retries is not None), None)
        return {
            "owner": task.owner or levels[1].owner or self.pipeline.owner or levels[2].owner,
            "retries": _retries(retries, task),
            "timeout": next((lv.timeout for lv in levels if lv.timeout is not None), None),
            "pool": self._pool(task),
        }

    def over(self, task: ir.Task, override: OverrideSpec) -> ir.Task:
        """Return a task with what an override says."""
        retries = task.retries if override.retries is None else _retries(override.retries, override)
        pool = self._pool(override) or task.pool
        timeout = override.timeout or task.timeout
        return replace(task, retries=retries, timeout=timeout, pool=pool)

    def _pool(self, spec: TaskSpec | OverrideSpec) -> ir.Pool | None:
        """Return the pool that is named; report one the project does not have."""
        if spec.pool is None:
            return None
        span, pools = spec.span_of("pool"), self.project.pools
        if spec.pool not in pools:
            self.found.append(problems.unknown_pool(spec.pool, pools, span))
            return None
        return ir.Pool(name=spec.pool, slots=pools[spec.pool], span=span)


def overridden(
    name: str, transform: DbtTransform, lock: Lock, found: list[Diagnostic]
) -> Iterator[tuple[OverrideSpec, frozenset[str]]]:
    """Yield each override of a transform and its nodes; report one that has none."""
    selection = lock.selections.get(name)
    if selection and selection.is_empty:
        return
    built = set(selection.nodes) if selection else set()
    for index, override in enumerate(transform.overrides):
        nodes = built.intersection(lock.queries[f"transforms.{name}.overrides.{index}"].nodes)
        if not nodes:
            span = override.span_of("select")
            found.append(problems.override_selects_nothing(name, span))
        yield override, frozenset(nodes)


def _retries(spec: RetriesSpec | None, place: SpecModel) -> ir.Retries:
    if spec is None:
        return ir.Retries(span=place.span)
    return ir.Retries(
        count=spec.count,
        delay=spec.delay,
        backoff=ir.Backoff(spec.backoff),
        max_delay=spec.max_delay,
        span=place.span,
    )
