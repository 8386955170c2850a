"""What governs a run on Prefect: what task runs wait for, how they end, and what they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TypeGuard

from pipegen import ir
from pipegen.backends import calls, dbt
from pipegen.backends.prefect.views import Control, Limit, Options
from pipegen.emit import Code, indented, literal

_LENIENT = {ir.RunIf.ONE_SUCCESS, ir.RunIf.ONE_FAILED, ir.RunIf.ANY_SKIPPED, ir.RunIf.ALL_DONE}
_GRACE = timedelta(seconds=10)
_NO = {
    ir.IfFalse.FAIL: 'Failed(name="SaidNo", message={})',
    ir.IfFalse.SKIP: 'unkept(Completed(name="SaidNo", message={}))',
    ir.IfFalse.WARN: 'Completed(name="Warned", message={})',
}

Rules = dict[str, ir.RunIf]
"""The tasks that look at what they waited for before they do their work, and by which rule."""


def bounded(pipeline: ir.Pipeline) -> ir.Pipeline:
    """Return a pipeline in which no attempt may take much longer than the run.

    Prefect ends a flow run that takes too long, but not the threads of its task runs. These
    end after it, lest a reader start before Prefect has kept it from that.
    """
    if pipeline.timeout is None:
        return pipeline
    limit = pipeline.timeout + _GRACE
    tasks = (replace(task, timeout=min(task.timeout or limit, limit)) for task in pipeline.tasks)
    return replace(pipeline, tasks=tuple(tasks))


def rules(tasks: Sequence[ir.Task]) -> Rules:
    """Return the tasks for which it is not enough that Prefect holds back what has failed.

    A skipped task run has completed for Prefect.
    """
    found: Rules = {}
    may_be_skipped: set[str] = set()
    for task in tasks:
        below = [name in may_be_skipped for name in task.upstream]
        match task.run_if:
            case ir.RunIf.ALL_SUCCESS:
                held = skipped = any(below)
            case ir.RunIf.ONE_SUCCESS:
                held, skipped = True, all(below)
            case ir.RunIf.ONE_FAILED | ir.RunIf.ANY_SKIPPED:
                held = skipped = True
            case _:
                held = skipped = False
        if held:
            found[task.name] = task.run_if
        if skipped or task.if_false is ir.IfFalse.SKIP:
            may_be_skipped.add(task.name)
    return found


def control(pipeline: ir.Pipeline, rules: Rules, may_fail: Sequence[Code]) -> Control:
    """Return what the file of a flow needs for what governs its runs.

    `may_fail` are the variables of the task runs that may fail.
    """
    tasks = pipeline.tasks
    noes = {task.if_false for task in tasks}
    pools = {task.pool.name: task.pool for task in tasks if task.pool}
    return Control(
        rules=frozenset(rules.values()),
        dbt=holds_dbt(tasks, rules),
        skips=bool(rules) or ir.IfFalse.SKIP in noes,
        warns=ir.IfFalse.WARN in noes,
        says_no=ir.IfFalse.FAIL in noes,
        retries_checks=any(map(_may_repeat_a_no, tasks)),
        lenient=any(is_lenient(task) and task.upstream for task in tasks),
        may_fail=calls.items(may_fail, beside=18) if may_fail else None,
        limits=tuple(Limit(_tag(pool), pool.slots) for _, pool in sorted(pools.items())),
        max_parallel=pipeline.max_parallel,
    )


def holds_dbt(tasks: Sequence[ir.Task], rules: Rules) -> bool:
    """Whether a task that runs dbt looks at what it waited for."""
    return any(is_shared(task.action) and task.name in rules for task in tasks)


def is_shared(action: ir.Action) -> TypeGuard[dbt.Action]:
    """Whether it runs dbt in a task that all such actions share."""
    return dbt.is_dbt(action) and not dbt.is_expanded(action)


def is_lenient(task: ir.Task) -> bool:
    """Whether a task may run though one that it waits for has failed."""
    return task.run_if in _LENIENT


def waiting(task: ir.Task, rule: ir.RunIf | None, upstream: Sequence[Code]) -> dict[str, Code]:
    """Return what a submission is told of the task runs in the variables `upstream`."""
    told: dict[str, Code] = {}
    if rule and is_shared(task.action) and rule is not ir.RunIf.ALL_SUCCESS:
        told["run_if"] = literal(rule.value)
    if rule:
        runs = calls.items(upstream, beside=25)
        quoted = f"\n    {indented(runs, 4)}\n" if "\n" in runs else runs
        told["upstream"] = Code(f"quote({quoted})")
    if upstream and is_lenient(task):
        upstream = [Code(f"allow_failure({variable})") for variable in upstream]
    if upstream:
        told["wait_for"] = calls.items(upstream, beside=18)
    return told


def flow_options(pipeline: ir.Pipeline) -> Options:
    """Return the options of a flow that limit its runs, but for the runner of its tasks."""
    return (("timeout_seconds", calls.seconds(pipeline.timeout)),) if pipeline.timeout else ()


def retries(task: ir.Task) -> Options:
    """Return the options of a task that say how often it is tried, and when again."""
    options = [("retries", literal(task.retries.count))]
    if task.retries.count:
        options.append(("retry_delay_seconds", waits(task.retries)))
    if _may_repeat_a_no(task):
        options.append(("retry_condition_fn", Code("has_no_answer")))
    return tuple(options)


def waits(wanted: ir.Retries) -> Code:
    """Return the seconds to wait before each further try, as a list if they differ.

    Prefect waits before every further try as long as before the last one it is told of, and
    takes 50 at most.
    """
    delays = [calls.seconds(delay) for delay in wanted.delays]
    while len(delays) > 1 and delays[-1] == delays[-2]:
        delays.pop()
    return calls.items(delays, beside=25) if len(delays) > 1 else delays[0]


def pool_tags(task: ir.Task) -> tuple[str, ...]:
    """Return the tag whose limit is the pool of a task."""
    return (_tag(task.pool),) if task.pool else ()


def no(task: ir.Task) -> Code | None:
    """Return how a task run ends if the check says no; None if the task is no check."""
    if task.if_false is None:
        return None
    of_http = isinstance(task.action, ir.Http)
    message = Code("str(response)") if of_http else literal("the answer is no")
    return Code(_NO[task.if_false].format(message))


def statuses(task: ir.Task) -> Code | None:
    """Return the statuses that a request expects; None if httpx knows them itself."""
    if not isinstance(task.action, ir.Http):
        return None
    if task.action.expect == ("2xx",) and task.if_false is None:
        return None
    return calls.items([_statuses(written) for written in task.action.expect], beside=43)


def _statuses(written: str) -> Code:
    if written.endswith("xx"):
        first = int(written[0]) * 100
        return Code(f"*range({first}, {first + 100})")
    return literal(int(written))


def _may_repeat_a_no(task: ir.Task) -> bool:
    return task.if_false is ir.IfFalse.FAIL and task.retries.count > 0


def _tag(pool: ir.Pool) -> str:
    return f"pool:{pool.name}"
