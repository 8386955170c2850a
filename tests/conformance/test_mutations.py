"""What is broken on purpose is noticed: the comparison of runs is worth its price.

Each mutation changes what one back end is given to write, and the run that comes of it is held
against what the specification means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from control import assert_runs_as_meant, cases, rendered_otherwise
from lanes import Recorder

from pipegen import ir

Change = Callable[[ir.Pipeline], ir.Pipeline]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of a case, and the plan whose run shows it."""

    case: str
    plan: str
    change: Change


def on(name: str, change: Callable[[ir.Task], ir.Task]) -> Change:
    """Return the change of a pipeline that changes one of its tasks."""

    def changed(pipeline: ir.Pipeline) -> ir.Pipeline:
        before = pipeline.task(name)
        after = change(before)
        assert after != before
        return replace(pipeline, tasks=tuple(after if t is before else t for t in pipeline.tasks))

    return changed


def without_dependency(name: str) -> Callable[[ir.Task], ir.Task]:
    return lambda task: replace(
        task, dependencies=tuple(d for d in task.dependencies if d.task != name)
    )


def retried(count: int) -> Callable[[ir.Task], ir.Task]:
    return lambda task: replace(task, retries=replace(task.retries, count=count))


def without_model(name: str) -> Callable[[ir.Task], ir.Task]:
    """Return the change of a dbt task that leaves a model out."""

    def change(task: ir.Task) -> ir.Task:
        assert isinstance(task.action, ir.Dbt)
        nodes = tuple(node for node in task.action.nodes if node.name != name)
        words = [word for words in task.action.select for word in words.split()]
        selected = tuple(word for word in words if word != name)
        return replace(task, action=replace(task.action, nodes=nodes, select=selected))

    return change


def scheduled(**changed: object) -> Change:
    """Return the change of a pipeline that changes its schedule."""

    def change(pipeline: ir.Pipeline) -> ir.Pipeline:
        assert pipeline.schedule
        return replace(pipeline, schedule=replace(pipeline.schedule, **changed))

    return change


LAST = ir.Fields((("task", "last"),))

MUTATIONS = {
    "an edge is dropped": Mutation("shapes", "all-green", on("join", without_dependency("side"))),
    "a dependency of many is dropped": Mutation(
        "run_if", "one-fails", on("all_success", without_dependency("left"))
    ),
    "a retry is dropped": Mutation("alone", "it-fails-twice", on("only", retried(1))),
    "there is a retry too many": Mutation("alone", "it-fails-for-good", on("only", retried(3))),
    "a run_if is dropped": Mutation(
        "run_if",
        "one-fails",
        on("one_failed", lambda task: replace(task, run_if=ir.RunIf.ALL_SUCCESS)),
    ),
    "a run_if is another": Mutation(
        "run_if",
        "one-is-skipped",
        on("none_failed", lambda task: replace(task, run_if=ir.RunIf.ONE_FAILED)),
    ),
    "a no is passed over": Mutation(
        "checks", "may-says-no", on("may", lambda task: replace(task, if_false=ir.IfFalse.WARN))
    ),
    "a no fails what it should skip": Mutation(
        "checks", "may-says-no", on("may", lambda task: replace(task, if_false=ir.IfFalse.FAIL))
    ),
    "a task may fail that may not": Mutation(
        "allow_failure",
        "what-may-not-fails",
        on("needed", lambda task: replace(task, allow_failure=True)),
    ),
    "a task may not fail that may": Mutation(
        "allow_failure",
        "what-may-fail-fails",
        on("optional", lambda task: replace(task, allow_failure=False)),
    ),
    "a task has the function of another": Mutation(
        "shapes",
        "all-green",
        on("first", lambda task: replace(task, action=replace(task.action, args=LAST))),
    ),
    "a no that should only be told fails": Mutation(
        "checks",
        "should-says-no",
        on("should", lambda task: replace(task, if_false=ir.IfFalse.FAIL)),
    ),
    "a model is left out": Mutation(
        "scheduled_across_changes", "all-green", on("build", without_model("three"))
    ),
    "two fields of a cron are swapped": Mutation(
        "scheduled", "all-green", scheduled(cron="6-18/4 */20 * jan-nov mon-fri")
    ),
    "a schedule has another timezone": Mutation(
        "scheduled", "all-green", scheduled(timezone="Europe/London")
    ),
    "a schedule is switched on": Mutation("without_overlap", "all-green", scheduled(enabled=True)),
    "a schedule is switched off": Mutation("scheduled", "all-green", scheduled(enabled=False)),
    "a schedule is dropped": Mutation(
        "scheduled", "all-green", lambda pipeline: replace(pipeline, schedule=None)
    ),
}


@pytest.mark.turns
@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_broken_is_noticed(
    recorder: Recorder, project: Path, name: str, tmp_path: Path
) -> None:
    mutation = MUTATIONS[name]
    case = cases()[mutation.case]

    rendered = rendered_otherwise(case, tmp_path / "project", project, mutation.change)
    with pytest.raises(AssertionError):
        assert_runs_as_meant(recorder, rendered, case, mutation.plan, tmp_path)
