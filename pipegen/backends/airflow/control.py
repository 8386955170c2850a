"""What governs the tasks of a DAG: when each runs, what comes before it, and who fails the run.

Airflow decides as soon as it can, and a run by its last tasks. Where that differs from what a
pipeline means, a gate decides once all before a task have ended, and one task watches the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pipegen import ir, semantics
from pipegen.backends.airflow.code import Keywords, present, take, wait
from pipegen.backends.airflow.views import Control, Task
from pipegen.backends.calls import arguments, items
from pipegen.backends.dbt import is_dbt, is_expanded
from pipegen.emit import Code, literal

_RULES = {ir.RunIf.NONE_FAILED: "NONE_FAILED", ir.RunIf.ALL_DONE: "ALL_DONE"}
"""The trigger rules that mean the same, however many tasks come before."""

_ALONE = {
    ir.RunIf.ONE_SUCCESS: "ONE_SUCCESS",
    ir.RunIf.ONE_FAILED: "ONE_FAILED",
    ir.RunIf.ANY_SKIPPED: "ALL_SKIPPED",
}
"""Those that mean the same after one task: with several, Airflow does not wait for all."""

_GATES = {ir.RunIf.ALL_SUCCESS: "none_skipped", ir.RunIf.ANY_SKIPPED: "any_skipped"}
"""The functions of the file that decide where no trigger rule does."""

_NAMES = """
    AirflowFailException AirflowSkipException Backoff EmptyOperator RetryDecision RetryPolicy
    TriggerRule any_skipped dag ends log logging none_skipped watch
"""

_LAUNDERS = frozenset(
    {ir.RunIf.ONE_SUCCESS, ir.RunIf.ONE_FAILED, ir.RunIf.ANY_SKIPPED, ir.RunIf.ALL_DONE}
)
"""What may run after a failure, so that the last tasks of a run do not tell of it."""


@dataclass(frozen=True, slots=True)
class Governed:
    """What governs the tasks of a pipeline; `gates` are the tasks that come before some."""

    control: Control
    gates: Mapping[str, tuple[Task, ...]]

    def waits(self, task: ir.Task, variables: Mapping[str, str]) -> Iterator[Code]:
        """Yield the statements that make a task wait, behind its gates if it has any."""
        before, name = [variables[other] for other in task.upstream], variables[task.name]
        gates = [gate.variable for gate in self.gates.get(task.name, ())]
        for gate in gates:
            yield wait(before, gate)
        if before:
            yield wait(gates or before, name)


def names(tasks: Iterable[ir.Task]) -> Sequence[str]:
    """Return the names that a file has for what governs its tasks: none if nothing does."""
    needed = any(
        task.run_if is not ir.RunIf.ALL_SUCCESS
        or task.allow_failure
        or task.if_false
        or _backs_off(task)
        for task in tasks
    )
    return _NAMES.split() if needed else ()


def governed(pipeline: ir.Pipeline, variables: Mapping[str, str], taken: set[str]) -> Governed:
    """Return what governs the tasks of a pipeline; each gate takes a variable."""
    skippable = semantics.skippable(pipeline.tasks)
    several = frozenset(task.name for task in pipeline.tasks if is_expanded(task.action))
    decided = semantics.skippable(pipeline.tasks, by_checks=False)
    gates = {
        task.name: tuple(_gates(task, variables[task.name], taken))
        for task in pipeline.tasks
        if _is_gated(task, decided if is_dbt(task.action) and task.group else skippable, several)
    }
    kinds = {task.run_if for task in pipeline.tasks if task.name in gates}
    may_fail = [literal(task.name) for task in pipeline.tasks if task.allow_failure]
    control = Control(
        gates=tuple(gate for found in gates.values() for gate in found),
        empty=bool(kinds - _GATES.keys()),
        none_skipped=ir.RunIf.ALL_SUCCESS in kinds,
        any_skipped=ir.RunIf.ANY_SKIPPED in kinds,
        watch=bool(may_fail)
        or any(task.run_if in _LAUNDERS for task in pipeline.tasks)
        or any(
            semantics.is_torn(task, skippable) and task.name not in gates for task in pipeline.tasks
        ),
        may_fail=items(may_fail, beside=15) if may_fail else None,
        rules=any(_rule(task, task.name in gates) for task in pipeline.tasks),
        backoff=any(_backs_off(task) for task in pipeline.tasks),
    )
    return Governed(control, gates)


def keywords(task: ir.Task, found: Governed) -> Keywords:
    """Return the arguments of a task that say what governs it."""
    rule = _rule(task, task.name in found.gates)
    delays = [literal(delay) for delay in task.retries.delays]
    return present(
        retry_policy=_backoff(delays) if _backs_off(task) else None,
        pool=literal(task.pool.name) if task.pool else None,
        trigger_rule=_trigger(rule) if rule else None,
    )


def _is_gated(task: ir.Task, skippable: frozenset[str], several: frozenset[str]) -> bool:
    """Whether a task needs gates, if these tasks may be skipped, and `several` are groups.

    For a node of a dbt project it is not asked whether a check skips: below one there would be
    nearly as many gates as models.
    """
    if task.run_if is ir.RunIf.ALL_SUCCESS:
        return semantics.is_torn(task, skippable)
    if is_expanded(task.action):  # no rule is for the first tasks of a group alone
        return bool(task.upstream)
    is_several = len(task.upstream) > 1 or not several.isdisjoint(task.upstream)
    return is_several and task.run_if in _ALONE


def _rule(task: ir.Task, is_gated: bool) -> str | None:
    """Return the trigger rule of a task itself, if it is not Airflow's default."""
    alone = is_gated or is_expanded(task.action)
    return None if alone else (_RULES | _ALONE).get(task.run_if)


def _gates(task: ir.Task, variable: str, taken: set[str]) -> Iterator[Task]:
    """Yield what comes before a task: its ids have a dash, which no name of a pipeline has."""
    first = take(f"run_if_{variable}", taken)
    task_id = {"task_id": literal(f"run_if-{task.name}")}
    if task.run_if in _GATES:
        function = f"{_GATES[task.run_if]}.override"
        made = arguments((), task_id, beside=len(first) + len(function) + 11)
        yield Task(first, call=Code(f"{function}({made})()"))
        return
    given = task_id | {"trigger_rule": _trigger((_RULES | _ALONE)[task.run_if])}
    yield _empty(first, given)
    if task.run_if in _RULES:
        return
    given = {"task_id": literal(f"ended-{task.name}"), "trigger_rule": _trigger("ALL_DONE")}
    yield _empty(take(f"ended_{variable}", taken), given)


def _empty(variable: str, given: Keywords) -> Task:
    made = arguments((), given, beside=len(variable) + 22)
    return Task(variable, call=Code(f"EmptyOperator({made})"))


def _trigger(rule: str) -> Code:
    return Code(f"TriggerRule.{rule}")


def _backoff(delays: list[Code]) -> Code:
    return Code(f"Backoff({arguments(delays, {}, beside=38)})")


def _backs_off(task: ir.Task) -> bool:
    """Whether the waits before the tries of a task are not all the same."""
    return len(set(task.retries.delays)) > 1
