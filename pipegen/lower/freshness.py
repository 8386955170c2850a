"""Lower `freshness:` of an ingestion task: the tasks that ask dbt how old its tables are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic
from pipegen.lower.invocations import Dataset
from pipegen.lower.lock import Lock
from pipegen.spec import PipelineSpec

_NEEDED = {ir.OnStale.BLOCK: ("error",), ir.OnStale.ALERT: ("error", "warn")}
"""One of these thresholds must be there for anything to be stale."""


@dataclass(frozen=True, slots=True)
class Gates:
    """The freshness tasks of a pipeline; collects tables that nothing can make stale."""

    spec: PipelineSpec
    lock: Lock
    projects: Mapping[str, ir.DbtProject]
    problems: list[Diagnostic] = field(default_factory=list)

    def tasks(self) -> Iterator[tuple[str, ir.Task]]:
        """Yield a task, and the ingestion task it looks after, for each dbt project that loads."""
        for name, source in self.spec.sources.items():
            freshness = source.freshness
            if freshness is None:
                continue
            on_stale = ir.OnStale(freshness.on_stale)
            span = source.key_span_of("freshness")
            for project, names in self._tables(name).items():
                found = [self.lock.references[written] for written in names]
                for index, reference in zip(names.values(), found, strict=True):
                    if not set(reference.thresholds).intersection(_NEEDED[on_stale]):
                        missing = f"{_NEEDED[on_stale][0]}_after"
                        place = source.span_of("loads", index)
                        table = ".".join(reference.unique_id.split(".")[-2:])
                        self.problems.append(problems.no_thresholds(table, missing, place))
                task = ir.Task(
                    name=self._name(name, project),
                    stage=ir.Stage.FRESHNESS,
                    action=ir.Freshness(
                        project=self.projects[project],
                        select=tuple(reference.select for reference in found),
                        tables=tuple(reference.unique_id for reference in found),
                        on_stale=on_stale,
                        span=span,
                    ),
                    dependencies=tuple(
                        ir.Dependency(name, ir.Reason.LOADS, written) for written in names
                    ),
                    retries=ir.Retries(span=span),
                    span=span,
                )
                yield name, task

    def blocking(self) -> dict[Dataset, list[str]]:
        """Return the tasks that hold back who reads a table."""
        found: dict[Dataset, list[str]] = {}
        for name, source in self.spec.sources.items():
            if source.freshness is not None and source.freshness.on_stale == "block":
                for project, names in self._tables(name).items():
                    for written in names:
                        table = (project, self.lock.references[written].unique_id)
                        found.setdefault(table, []).append(self._name(name, project))
        return found

    def _tables(self, source: str) -> dict[str, dict[str, int]]:
        """Return what a task loads: by dbt project, each name and its place in the list."""
        found: dict[str, dict[str, int]] = {}
        for index, written in enumerate(self.spec.sources[source].loads):
            if reference := self.lock.references.get(written):
                found.setdefault(reference.project, {})[written] = index
        return found

    def _name(self, source: str, project: str) -> str:
        several = len(self._tables(source)) > 1
        return f"{source}_freshness_{project}" if several else f"{source}_freshness"
