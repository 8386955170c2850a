"""What a run of a pipeline is: the definition every back end is held against.

`run` is a pure function from the pipeline and the outcome of every attempt to a `Trace`:
the final state of each task, the number of attempts, and the order that must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pipegen.ir import Dbt, Freshness, OnStale, Pipeline, Task


class State(StrEnum):
    """How a task ended."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a task ended, and how often it was tried."""

    state: State
    attempts: int


@dataclass(frozen=True, slots=True)
class Trace:
    """A run: each task's end by name, and the pairs of executed tasks (before, after)."""

    tasks: tuple[tuple[str, Ran], ...]
    order: frozenset[tuple[str, str]]

    @property
    def succeeded(self) -> bool:
        """A run fails if and only if a task failed."""
        return all(ran.state is not State.FAILED for _, ran in self.tasks)


Outcome = Callable[[Task, int], bool]
"""Whether attempt `n` (from 1) of a task ends well."""


def run(pipeline: Pipeline, outcome: Outcome) -> Trace:
    """Return the trace of a run in which every attempt ends as `outcome` says.

    A task runs once all it waits for have succeeded, at most `1 + retries.count` times and
    until an attempt ends well; a failure reaches only what descends from it.
    """
    ended: dict[str, Ran] = {}
    for task in pipeline.tasks:
        if all(ended[name].state is State.SUCCESS for name in task.upstream):
            ended[task.name] = _attempts(task, outcome)
        else:
            ended[task.name] = Ran(State.UPSTREAM_FAILED, 0)
    executed = {name for name, ran in ended.items() if ran.attempts}
    return Trace(
        tasks=tuple(ended.items()),
        order=frozenset(edge for edge in pipeline.edges() if executed.issuperset(edge)),
    )


def _attempts(task: Task, outcome: Outcome) -> Ran:
    allowed = 1 + task.retries.count
    for attempt in range(1, allowed + 1):
        if outcome(task, attempt):
            return Ran(State.SUCCESS, attempt)
    return Ran(State.FAILED, allowed)


def elements(task: Task) -> tuple[str, ...]:
    """Return the names of what can fail in one attempt of a task.

    For a dbt task these are its nodes and its error-severity tests, by their names in dbt: a
    warn-severity test never blocks. For a freshness task they are the tables whose age can
    hold their readers back, as `source.table`. Any other task is one element, itself.
    """
    if isinstance(task.action, Freshness):
        blocks = task.action.on_stale is OnStale.BLOCK
        return tuple(".".join(t.split(".")[-2:]) for t in task.action.tables if blocks)
    if isinstance(task.action, Dbt):
        nodes = tuple(node.unique_id.split(".", 2)[2] for node in task.action.nodes)
        return nodes + tuple(test.name for test in task.action.tests if test.blocks)
    return (task.name,)
