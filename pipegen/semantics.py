"""What a run of a pipeline is: the definition every back end is held against.

`run` is a pure function from the pipeline and the end of every attempt to a `Trace`:
the final state of each task, the number of attempts, and the order that must hold.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from pipegen.ir import Dbt, Freshness, IfFalse, OnStale, Pipeline, RunIf, Task


class State(StrEnum):
    """How a task ended."""

    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    UPSTREAM_FAILED = "upstream_failed"


class End(StrEnum):
    """How an attempt ends: well, badly, with a check's no, or not by itself."""

    OK = "ok"
    FAIL = "fail"
    NO = "no"
    HANG = "hang"


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
    succeeded: bool


Outcome = Callable[[Task, int], End]
"""How attempt `n` (from 1) of a task ends."""

FAILURES = (State.FAILED, State.UPSTREAM_FAILED)


def run(pipeline: Pipeline, outcome: Outcome) -> Trace:
    """Return the trace of a run in which every attempt ends as `outcome` says.

    A task decides once all it waits for has ended: see `decided`. It is tried at most
    `1 + retries.count` times, and until an attempt ends well. Work takes no time but for an
    attempt that does not end by itself: its timeout ends that, or else the timeout of the
    pipeline, by which all has ended that does not descend from it. The run fails if a task
    fails that may not, or if its time is up.

    Raises ValueError if an attempt would never end.
    """
    ended: dict[str, Ran] = {}
    late: set[str] = set()
    for task in pipeline.tasks:
        state = decided(task.run_if, [ended[name].state for name in task.upstream])
        if not late.isdisjoint(task.upstream):
            late.add(task.name)
            ended[task.name] = Ran(State.SKIPPED, 0)
        elif state is not None:
            ended[task.name] = Ran(state, 0)
        else:
            ended[task.name], in_time = _attempts(task, pipeline, outcome)
            if not in_time:
                late.add(task.name)
    executed = {name for name, ran in ended.items() if ran.attempts}
    failed = (
        ended[task.name].state is State.FAILED and not task.allow_failure for task in pipeline.tasks
    )
    return Trace(
        tasks=tuple(ended.items()),
        order=frozenset(edge for edge in pipeline.edges() if executed.issuperset(edge)),
        succeeded=not late and not any(failed),
    )


def decided(run_if: RunIf, upstream: Collection[State]) -> State | None:
    """Return how a task ends without being tried, or None if it runs.

    `upstream` are the ends of all it waits for.
    """
    failed = any(state in FAILURES for state in upstream)
    skipped = State.SKIPPED in upstream
    match run_if:
        case RunIf.ALL_SUCCESS if failed:
            return State.UPSTREAM_FAILED
        case RunIf.ALL_SUCCESS if skipped:
            return State.SKIPPED
        case RunIf.NONE_FAILED if failed:
            return State.UPSTREAM_FAILED
        case RunIf.ONE_SUCCESS if State.SUCCESS not in upstream:
            return State.UPSTREAM_FAILED if failed else State.SKIPPED
        case RunIf.ONE_FAILED if not failed:
            return State.SKIPPED
        case RunIf.ANY_SKIPPED if not skipped:
            return State.SKIPPED
    return None


def skippable(tasks: Iterable[Task], *, by_checks: bool = True) -> frozenset[str]:
    """Return the names of the tasks, in topological order, that a run may skip.

    Without `by_checks`, those that it may skip though no check says no.
    """
    found: set[str] = set()
    for task in tasks:
        above = [name in found for name in task.upstream]
        skipped = {
            RunIf.ALL_SUCCESS: any(above),
            RunIf.ONE_SUCCESS: all(above),
            RunIf.ONE_FAILED: True,
            RunIf.ANY_SKIPPED: True,
        }
        says_no = by_checks and task.if_false is IfFalse.SKIP
        if says_no or skipped.get(task.run_if):
            found.add(task.name)
    return frozenset(found)


def is_torn(task: Task, skipped: Collection[str]) -> bool:
    """Whether a task may wait for one of the `skipped` and for another that fails."""
    several = len(task.upstream) > 1 and any(name in skipped for name in task.upstream)
    return several and task.run_if is RunIf.ALL_SUCCESS


_SAYS_NO = {
    IfFalse.FAIL: State.FAILED,
    IfFalse.SKIP: State.SKIPPED,
    IfFalse.WARN: State.SUCCESS,
}


def _attempts(task: Task, pipeline: Pipeline, outcome: Outcome) -> tuple[Ran, bool]:
    """Return how a task that runs ends, and whether it did before the pipeline's time was up."""
    allowed = 1 + task.retries.count
    for attempt in range(1, allowed + 1):
        end = outcome(task, attempt)
        if end is End.OK:
            return Ran(State.SUCCESS, attempt), True
        if end is End.NO and task.if_false:
            return Ran(_SAYS_NO[task.if_false], attempt), True
        if end is End.HANG and _outlives(task, pipeline):
            return Ran(State.FAILED, attempt), False
    return Ran(State.FAILED, allowed), True


def _outlives(task: Task, pipeline: Pipeline) -> bool:
    """Whether the pipeline's timeout ends an attempt that does not end by itself."""
    if task.timeout is None and pipeline.timeout is None:
        raise ValueError(f"nothing ends '{task.name}'")
    return pipeline.timeout is not None and (
        task.timeout is None or task.timeout > pipeline.timeout
    )


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
