"""`granularity: lineage`: the fewest dbt tasks that keep every gate.

Nodes of a transform share a task if the same tasks outside dbt are above them and the same
below. Whatever fails then, ingestion, a node, a test or an activation, all tasks outside dbt
end as they would with a task for each node; and where nothing fails in dbt, the same nodes
are built. No two of the groups could be merged without losing one of these, or closing a
cycle (ADR 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from pipegen import ir
from pipegen.lower.lock import Lock

Renamed = Mapping[str, str]
"""The task that does what another did, by the other's name."""


def grouped(tasks: Sequence[ir.Task], lock: Lock) -> tuple[tuple[ir.Task, ...], Renamed]:
    """Return tasks in which those of a group are one, and the names that changed.

    `tasks` are in topological order, with a task for each node; the order of those returned
    is that of each group's first.
    """
    if not any(map(_is_member, tasks)):
        return tuple(tasks), {}
    groups = _groups(tasks)
    names = {task.name: _name(members) for members in groups for task in members}
    merged = tuple(_merged(members, names, lock) for members in groups)
    return merged, {name: new for name, new in names.items() if name != new}


def _is_member(task: ir.Task) -> bool:
    action = task.action
    return (
        isinstance(action, ir.Dbt)
        and action.granularity is ir.Granularity.LINEAGE
        and (bool(action.nodes) or action.run_tests is ir.RunTests.AFTER_EACH)
    )


def _can_fail(task: ir.Task) -> bool:
    """Whether a task does more than warn."""
    action = task.action
    return (
        not isinstance(action, ir.Dbt) or bool(action.nodes) or any(t.blocks for t in action.tests)
    )


def _groups(tasks: Sequence[ir.Task]) -> list[list[ir.Task]]:
    """Return the groups in the order of their first tasks, each in the order given.

    Tests that only warn come last: whatever is below them, they hold nothing back.
    """
    graph = _Graph(tasks)
    leaders: dict[object, list[str]] = {}
    for task in sorted(filter(_is_member, tasks), key=lambda task: not _can_fail(task)):
        kind = (task.group, _settings(task), graph.above[task.name])
        for leader in leaders.get(kind, ()):
            if graph.fits(leader, task.name) and not graph.closes_a_cycle(leader, task.name):
                graph.join(leader, task.name)
                break
        else:
            leaders.setdefault(kind, []).append(task.name)
    found: dict[str, list[ir.Task]] = {}
    for task in tasks:
        found.setdefault(graph.group[task.name], []).append(task)
    return list(found.values())


def _settings(task: ir.Task) -> object:
    """Return what tasks must have in common, beside the data they need and serve."""
    return (task.retries, task.timeout, task.pool, task.owner, task.run_if, task.allow_failure)


class _Graph:
    """What is above and below each task outside dbt, as bits, and which group it is in."""

    def __init__(self, tasks: Sequence[ir.Task]) -> None:
        self.after: dict[str, set[str]] = {task.name: set() for task in tasks}
        for task in tasks:
            for name in task.upstream:
                self.after[name].add(task.name)
        outside = {
            task.name: 1 << index
            for index, task in enumerate(tasks)
            if not isinstance(task.action, ir.Dbt)
        }
        self.above: dict[str, int] = {}
        for task in tasks:
            parents = (self.above[name] | outside.get(name, 0) for name in task.upstream)
            self.above[task.name] = _union(parents)
        self.below: dict[str, int] = {}
        for task in reversed(tasks):
            children = (self.below[name] | outside.get(name, 0) for name in self.after[task.name])
            self.below[task.name] = _union(children)
        self.kinds: dict[int, set[object]] = {}
        for task in tasks:
            if task.name not in outside:
                kind = (task.group or task.name, _settings(task))
                self.kinds.setdefault(self.above[task.name], set()).add(kind)
        self.can_fail = {task.name for task in tasks if _can_fail(task)}
        self.in_dbt = {
            task.name: [name for name in task.upstream if name not in outside] for task in tasks
        }
        self.group = {task.name: task.name for task in tasks}
        self.members: dict[str, list[str]] = {task.name: [task.name] for task in tasks}

    def fits(self, one: str, other: str) -> bool:
        """Whether a failure in dbt reaches the same tasks if two groups are one.

        One that can fail would fail what is below the other; and so would what either waits
        for in dbt, whose failure reaches both.
        """
        if {one, other} <= self.can_fail:  # then all above them is above what is below both
            return self.below[one] == self.below[other]
        for first, second in ((one, other), (other, one)):
            theirs = self._below(second)
            failing = [name for name in self.members[first] if name in self.can_fail]
            waited = [name for member in self.members[first] for name in self.in_dbt[member]]
            if any(theirs & ~self.below[name] for name in (*failing, *waited)):
                return False
        return True

    def _below(self, group: str) -> int:
        return _union(self.below[member] for member in self.members[group])

    def join(self, leader: str, name: str) -> None:
        """Put a task into a group."""
        self.group[name] = leader
        self.members[leader].append(name)
        self.members.pop(name)

    def closes_a_cycle(self, one: str, other: str) -> bool:
        """Whether a path leads from one group through a third to the other, either way.

        Whatever stands on it has the same above, and between two that can fail the same below:
        it is in the one group, unless another transform or other settings keep it apart.
        """
        if {one, other} <= self.can_fail and len(self.kinds[self.above[one]]) == 1:
            return False
        return self._leads_around(one, other) or self._leads_around(other, one)

    def _leads_around(self, start: str, end: str) -> bool:
        """Look for the path among groups with the same tasks above, as all of it must have."""
        above = self.above[start]
        left = [group for group in self._next(start) if group != end]
        seen: set[str] = set(left)
        while left:
            group = left.pop()
            if self.above[group] != above:
                continue
            following = self._next(group)
            if end in following:
                return True
            left.extend(following - seen)
            seen |= following
        return False

    def _next(self, group: str) -> set[str]:
        after = {self.group[name] for member in self.members[group] for name in self.after[member]}
        return after - {group}


def _union(sets: Iterable[int]) -> int:
    union = 0
    for bits in sets:
        union |= bits
    return union


def _name(members: Sequence[ir.Task]) -> str:
    """Return the name of a group: its one node's, or its first one's and that there are more."""
    built = [task for task in members if isinstance(task.action, ir.Dbt) and task.action.nodes]
    named = built or members
    return named[0].name if len(named) == 1 else f"{named[0].name}_and_others"


def _merged(members: Sequence[ir.Task], names: Mapping[str, str], lock: Lock) -> ir.Task:
    first = members[0]
    waits = {
        replace(dependency, task=names[dependency.task])
        for task in members
        for dependency in task.dependencies
        if names[dependency.task] != names[first.name]
    }
    merged = replace(first, name=names[first.name], dependencies=tuple(sorted(waits)))
    if len(members) == 1:
        return merged
    actions = [task.action for task in members if isinstance(task.action, ir.Dbt)]
    return replace(merged, action=_invocation(actions, lock))


def _invocation(actions: Sequence[ir.Dbt], lock: Lock) -> ir.Dbt:
    """Return one invocation of dbt for what several did."""
    nodes = tuple(node for action in actions for node in action.nodes)
    tests = tuple(test for action in actions for test in action.tests)
    built, run = {node.unique_id for node in nodes}, {test.unique_id for test in tests}
    project = lock.projects[actions[0].project.name]
    reading = {key: project.nodes[key].parents for key in built}
    alone = [project.tests[t.unique_id].select for t in tests if not built.issuperset(t.parents)]
    untested = next((a.exclude for a in actions if a.run_tests is not ir.RunTests.AFTER_EACH), ())
    left_out = tuple(
        test.select
        for key, test in project.tests.items()
        if key not in run and test.parents and built.issuperset(test.parents)
    )
    return replace(
        actions[0],
        command="build" if nodes else "test",
        select=(*(project.nodes[node.unique_id].select for node in nodes), *alone),
        exclude=untested or left_out,
        indirect_selection=ir.IndirectSelection.CAUTIOUS,
        nodes=tuple(
            replace(node, parents=tuple(p for p in reading[node.unique_id] if p in built))
            for node in nodes
        ),
        tests=tests,
    )
