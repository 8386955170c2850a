"""The order of tasks: cycles, name collisions, and one topological order for all back ends."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from pipegen import problems
from pipegen.diagnostics import Diagnostic, Related
from pipegen.ir import Stage, Task
from pipegen.naming import slug


def collisions(tasks: Sequence[Task]) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each task that would have another's name on some back end."""
    first: dict[str, Task] = {}
    for task in tasks:
        other = first.setdefault(slug(task.name), task)
        twins = other is not task and Stage.WAIT in (other.stage, task.stage)
        if twins or other.name != task.name:
            yield problems.name_collision(
                task.name, other.name, slug(task.name), task.span, other.span
            )


def cycle(tasks: Sequence[Task]) -> Diagnostic | None:
    """Return a diagnostic for the first cycle among the tasks, if there is one."""
    by_name = {task.name: task for task in tasks}
    try:
        TopologicalSorter({task.name: task.upstream for task in tasks}).prepare()
    except CycleError as error:
        path: list[str] = error.args[1][::-1]
        start = min(path[:-1], key=lambda name: by_name[name].span)
        turn = path.index(start)
        path = [*path[turn:-1], *path[: turn + 1]]
        related = [Related(_why(by_name[a], b), by_name[a].span) for a, b in pairwise(path)]
        return problems.cycle(path, by_name[start].span, related)
    return None


def _why(task: Task, upstream: str) -> str:
    reasons = sorted(
        {f"{d.reason} {d.detail}".strip() for d in task.dependencies if d.task == upstream}
    )
    return f"'{task.name}' waits for '{upstream}' ({'; '.join(reasons)})"


def ordered(tasks: Sequence[Task]) -> tuple[Task, ...]:
    """Return the tasks in topological order; of those that could come next, the first given.

    Tasks in a cycle, and what waits for them, are left out.
    """
    index = {task.name: i for i, task in enumerate(tasks)}
    upstream = {i: {index[name] for name in task.upstream} for i, task in enumerate(tasks)}
    return tuple(tasks[i] for i in _order(upstream))


def ranks(upstream: Mapping[str, set[str]]) -> dict[str, int]:
    """Return the place of each name in a topological order, or as given if there is a cycle."""
    names = list(upstream)
    index = {name: i for i, name in enumerate(names)}
    order = _order({index[n]: {index[u] for u in upstream[n]} for n in names})
    return {
        names[i]: rank
        for rank, i in enumerate(order if len(order) == len(names) else range(len(names)))
    }


def _order(upstream: Mapping[int, set[int]]) -> list[int]:
    waiting = {item: len(before) for item, before in upstream.items()}
    after: dict[int, list[int]] = {item: [] for item in upstream}
    for item, before in upstream.items():
        for other in before:
            after[other].append(item)
    ready = [item for item, count in waiting.items() if not count]
    heapq.heapify(ready)
    order: list[int] = []
    while ready:
        order.append(heapq.heappop(ready))
        for item in after[order[-1]]:
            waiting[item] -= 1
            if not waiting[item]:
                heapq.heappush(ready, item)
    return order
