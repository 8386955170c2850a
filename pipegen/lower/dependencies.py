"""Infer what each task waits for, and why: from the data it uses, its tests, and `depends_on`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cached_property

from pipegen.ir import Dependency, Reason
from pipegen.lower.invocations import Dataset, DbtWork
from pipegen.lower.lock import Lock, LockedNode


class Lineage:
    """Which task builds, loads and tests what, and so which task waits for which."""

    def __init__(
        self,
        lock: Lock,
        works: tuple[DbtWork, ...],
        loads: Mapping[str, tuple[Dataset, ...]],
        freshness: Mapping[Dataset, list[str]],
    ) -> None:
        self.lock = lock
        self.works = works
        self.freshness = freshness
        self.builders: dict[Dataset, list[DbtWork]] = {}
        for work in works:
            for dataset in work.builds:
                self.builders.setdefault(dataset, []).append(work)
        self.loaders: dict[Dataset, list[str]] = {}
        for task, datasets in loads.items():
            for dataset in datasets:
                self.loaders.setdefault(dataset, []).append(task)

    def of_work(self, work: DbtWork) -> Iterator[Dependency]:
        """Yield what a dbt task waits for."""
        project = work.action.project.name
        if work.is_gate:
            yield from self._all_built(work)
        for _, key in work.builds:
            reader = self._name((project, key))
            for parent in self._parents((project, key)):
                yield from self._wait(parent, work, f"{reader} reads ")
            for test, task in self._gates(project, frozenset([key]), work):
                if task != work.name:
                    yield Dependency(task, Reason.TEST, test)
        for key in work.tests:
            locked = self.lock.projects[project].tests[key]
            for tested in locked.parents:
                yield from self._wait((project, tested), work, f"{locked.name} tests ")

    def _all_built(self, gate: DbtWork) -> Iterator[Dependency]:
        """Yield the last tasks that build what a gate tests."""
        own = [w for w in self.works if w.transform == gate.transform and w is not gate]
        waited = {dependency.task for work in own for dependency in self.of_work(work)}
        for work in own:
            if work.name not in waited:
                yield Dependency(work.name, Reason.TEST, f"tests {gate.transform}")

    def of_reads(self, reads: Collection[Dataset]) -> Iterator[Dependency]:
        """Yield what a task that reads these waits for."""
        for dataset in reads:
            yield from self._wait(dataset, None, "", Reason.READS)
        for project in sorted({project for project, _ in reads}):
            keys = frozenset(key for owner, key in reads if owner == project)
            for test, task in self._gates(project, keys, None):
                yield Dependency(task, Reason.TEST, test)

    def _wait(
        self,
        dataset: Dataset,
        waiting: DbtWork | None,
        because: str,
        reason: Reason = Reason.LINEAGE,
    ) -> Iterator[Dependency]:
        """Yield the tasks that make a dataset or, if none does, what it is made from.

        One that is `waiting` uses what it makes itself, and what is made for its own target.
        """
        seen: set[Dataset] = set()
        left = [dataset]
        while left:
            current = left.pop()
            if current in seen:
                continue
            seen.add(current)
            detail = because + self._name(current)
            if builders := self.builders.get(current):
                for work in builders if waiting not in builders else ():
                    if waiting is None or work.target == waiting.target:
                        yield from self._built(work, waiting, reason, detail)
            elif current in self.loaders:
                loaded = Reason.LOADS if reason is Reason.LINEAGE else reason
                for task in self.loaders[current]:
                    yield Dependency(task, loaded, detail)
                for task in self.freshness.get(current, ()):
                    yield Dependency(task, Reason.FRESHNESS, detail)
            else:
                left.extend(self._parents(current))

    def _built(
        self, work: DbtWork, waiting: DbtWork | None, reason: Reason, detail: str
    ) -> Iterator[Dependency]:
        """Yield the end of what builds: within a transform the task, outside of it the gate."""
        if waiting is None or waiting.transform != work.transform:
            yield Dependency(work.gate or work.name, reason, detail)
        elif not waiting.is_gate:
            yield Dependency(work.name, reason, detail)

    def _parents(self, dataset: Dataset) -> tuple[Dataset, ...]:
        project, key = dataset
        node = self.lock.projects[project].nodes.get(key)
        return tuple((project, parent) for parent in node.parents) if node else ()

    def _name(self, dataset: Dataset) -> str:
        project, key = dataset
        node = self.lock.projects[project].nodes.get(key)
        if node is None or key.startswith("source."):
            return ".".join(key.split(".")[-2:])
        return node.name

    def _gates(
        self, project: str, keys: frozenset[str], waiting: DbtWork | None
    ) -> Iterator[tuple[str, str]]:
        """Yield the tests (name, task) that gate what builds or reads `keys`, as `dbt build` does.

        An error-severity test gates whatever has all its parents among its ancestors, in the
        target it runs in. What an ancestor is gated by already reaches further down by itself.
        `dbt test`, which runs after all that is built, gates readers alone.
        """
        ancestors = self._ancestors[project]
        above = frozenset[str]().union(*(ancestors.get(key, frozenset()) for key in keys))
        if waiting is None:
            above |= keys
        built = [ancestors[k] for k in above if k in ancestors and (project, k) in self.builders]
        for work, key in self._blocking[project]:
            test = self.lock.projects[project].tests[key]
            parents = frozenset(test.parents)
            apart = work.action.command == "test" and work.group is None
            if waiting and (apart or work.target != waiting.target):
                continue
            if not apart and any(parents <= further for further in built):
                continue
            if parents and parents <= above:
                yield test.name, work.name

    @cached_property
    def _blocking(self) -> dict[str, list[tuple[DbtWork, str]]]:
        """The error-severity tests that are tasks, by project, with their unique ids."""
        found: dict[str, list[tuple[DbtWork, str]]] = {name: [] for name in self.lock.projects}
        for work in self.works:
            project = work.action.project.name
            for key in () if work.is_gate else work.tests:
                if self.lock.projects[project].tests[key].severity == "error":
                    found[project].append((work, key))
        return found

    @cached_property
    def _ancestors(self) -> dict[str, dict[str, frozenset[str]]]:
        """The ancestors of each node of the lock, by project."""
        return {name: _closure(project.nodes) for name, project in self.lock.projects.items()}


def _closure(nodes: Mapping[str, LockedNode]) -> dict[str, frozenset[str]]:
    above: dict[str, frozenset[str]] = {}
    left = list(nodes)
    while left:
        key = left[-1]
        parents = nodes[key].parents
        missing = [p for p in parents if p in nodes and p not in above]
        if missing:
            left.extend(missing)
            continue
        left.pop()
        known = [above[p] for p in parents if p in above]
        above[key] = frozenset(parents).union(*known)
    return above
