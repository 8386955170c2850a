"""What governs a run where Dagster would decide otherwise: steps that decide for themselves.

Dagster starts no step below a failed one. So what is watched by a `run_if` may not fail for
Dagster: its step tells how it ended in an asset of its own, and the steps after it decide by that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from pipegen import ir
from pipegen.backends import calls
from pipegen.emit import Code, literal


@dataclass(frozen=True, slots=True)
class Rule:
    """How the step of a task decides: `raises`, if its failure may be one of Dagster's."""

    task: str
    run_if: str | None
    raises: bool


@dataclass(frozen=True, slots=True)
class Control:
    """The rules of tasks that decide for themselves, and which of them fail the run at its end."""

    rules: dict[str, Rule]
    judged: tuple[str, ...]


_MAY_SKIP = (ir.RunIf.ONE_SUCCESS, ir.RunIf.ONE_FAILED, ir.RunIf.ANY_SKIPPED)


def control(tasks: Iterable[ir.Task]) -> Control:
    """Return which tasks of a pipeline, in topological order, decide for themselves.

    These are what has a `run_if` and all before it, what may fail, and whatever comes after one
    whose failure Dagster does not see. And since Dagster skips what waits for a skipped task even
    if another failed, what waits for one and for others, with what may be skipped before it.
    """
    tasks = tuple(tasks)
    watchers = {task.name for task in tasks if task.run_if is not ir.RunIf.ALL_SUCCESS}
    watched: set[str] = set()
    for task in reversed(tasks):
        if task.name in watchers | watched:
            watched.update(task.upstream)
    silent = watched | {task.name for task in tasks if task.allow_failure}
    deciding = silent | watchers
    for task in tasks:
        if not deciding.isdisjoint(task.upstream):
            deciding.add(task.name)
    deciding |= _torn(tasks)
    return Control(
        rules={t.name: _rule(t, t.name not in silent) for t in tasks if t.name in deciding},
        judged=tuple(t.name for t in tasks if t.name in watched and not t.allow_failure),
    )


def _torn(tasks: tuple[ir.Task, ...]) -> set[str]:
    """Return what waits for a task that may be skipped and for others, and such tasks before it."""
    skippable: set[str] = set()
    for task in tasks:
        skips = task.if_false is ir.IfFalse.SKIP or task.run_if in _MAY_SKIP
        if skips or not skippable.isdisjoint(task.upstream):
            skippable.add(task.name)
    torn: set[str] = set()
    for task in reversed(tasks):
        before = skippable.intersection(task.upstream)
        if before and (task.name in torn or len(task.upstream) > 1):
            torn |= {task.name, *before}
    return torn


def _rule(task: ir.Task, raises: bool) -> Rule:
    is_default = task.run_if is ir.RunIf.ALL_SUCCESS
    return Rule(task.name, None if is_default else task.run_if.value, raises)


def in_process(pipeline: ir.Pipeline) -> ir.Pipeline:
    """Return the pipeline with the dbt steps that decide for themselves as groups of nodes.

    The assets of dagster-dbt have no room for one that tells a state. Those of a group are told
    in the order they are built in.
    """
    rules = control(pipeline.tasks).rules
    tasks = tuple(_grouped(task) if task.name in rules else task for task in pipeline.tasks)
    return replace(pipeline, tasks=tasks)


def _grouped(task: ir.Task) -> ir.Task:
    if not isinstance(task.action, ir.Dbt) or not task.action.nodes:
        return task
    nodes = {node.unique_id: node for node in task.action.nodes}
    parents = {name: node.parents for name, node in nodes.items()}
    ordered = tuple(nodes[name] for name in TopologicalSorter(parents).static_order())
    group = replace(task.action, granularity=ir.Granularity.LINEAGE, nodes=ordered)
    return replace(task, action=group)


def retries(wanted: ir.Retries) -> Code:
    """Return the policy of a step's retries: Dagster's own waits grow faster than `delays`."""
    if wanted.backoff is ir.Backoff.EXPONENTIAL and len(set(wanted.delays)) > 1:
        waits = [calls.seconds(delay) for delay in wanted.delays]
        return Code(f"Waits({calls.arguments(waits, {}, beside=25)})")
    first = next(iter(wanted.delays))
    delay = f", delay={calls.seconds(first)}" if first else ""
    return Code(f"dg.RetryPolicy(max_retries={wanted.count}{delay})")


def says_no(task: ir.Task, skips: str) -> Code | None:
    """Return what a check does that says no: `skips` has its readers skipped."""
    match task.if_false:
        case None:
            return None
        case ir.IfFalse.FAIL:
            return Code('raise dg.Failure("the check says no", allow_retries=False)')
        case ir.IfFalse.WARN:
            return Code('context.log.warning("the check says no")')
        case ir.IfFalse.SKIP:
            return Code(skips)


def is_unexpected(expect: tuple[str, ...], beside: int) -> Code:
    """Return the condition that a response has a status which nobody expects."""
    if expect == ("2xx",):
        return Code("not response.is_success")
    known = calls.items([_statuses(status) for status in expect], beside=beside + 33)
    return Code(f"response.status_code not in {known}")


def _statuses(status: str) -> Code:
    if not status.endswith("xx"):
        return literal(int(status))
    first = int(status[0]) * 100
    return Code(f"*range({first}, {first + 100})")


def starts(schedule: ir.Schedule) -> Code | None:
    """Return the condition under which a run starts that comes due."""
    is_day = f"scheduled_day(context) >= {literal(schedule.start)}" if schedule.start else ""
    is_free = "not is_running(context)" if keeps_apart(schedule) else ""
    if is_day and is_free:
        return Code(f"lambda context: (\n    {is_day} and {is_free}\n)")
    return Code(f"lambda context: {is_day or is_free}") if is_day or is_free else None


def keeps_apart(schedule: ir.Schedule) -> bool:
    """Return whether the file itself sees to it that no two scheduled runs go on at once."""
    return schedule.overlap in (None, ir.Overlap.SKIP)


def settings(pipeline: ir.Pipeline, schedule: str) -> Iterator[str]:
    """Yield what an instance of Dagster has to be told, since no code can."""
    for pool in sorted({(t.pool.name, t.pool.slots) for t in pipeline.tasks if t.pool}):
        yield "The pool's limit, set once: dagster instance concurrency set {} {}".format(*pool)
    if pipeline.timeout:
        yield "The run's time limit needs in dagster.yaml: run_monitoring: {enabled: true}"
    if pipeline.schedule and pipeline.schedule.overlap is ir.Overlap.QUEUE:
        yield "One scheduled run at a time needs in dagster.yaml, below concurrency: runs:"
        limit = f"{{key: dagster/schedule_name, value: {schedule}, limit: 1}}"
        yield f"tag_concurrency_limits: [{limit}]"
