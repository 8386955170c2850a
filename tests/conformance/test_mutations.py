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

Change = Callable[[ir.Task], ir.Task]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A change of one task of a case, and the plan whose run shows it."""

    case: str
    plan: str
    task: str
    change: Change


def without_dependency(name: str) -> Change:
    def change(task: ir.Task) -> ir.Task:
        kept = tuple(d for d in task.dependencies if d.task != name)
        assert len(kept) < len(task.dependencies)
        return replace(task, dependencies=kept)

    return change


def retried(count: int) -> Change:
    return lambda task: replace(task, retries=replace(task.retries, count=count))


LAST = ir.Fields((("task", "last"),))

MUTATIONS = {
    "an edge is dropped": Mutation("shapes", "all-green", "join", without_dependency("side")),
    "a dependency of many is dropped": Mutation(
        "run_if", "one-fails", "all_success", without_dependency("left")
    ),
    "a retry is dropped": Mutation("alone", "it-fails-twice", "only", retried(1)),
    "there is a retry too many": Mutation("alone", "it-fails-for-good", "only", retried(3)),
    "a run_if is dropped": Mutation(
        "run_if",
        "one-fails",
        "one_failed",
        lambda task: replace(task, run_if=ir.RunIf.ALL_SUCCESS),
    ),
    "a run_if is another": Mutation(
        "run_if",
        "one-is-skipped",
        "none_failed",
        lambda task: replace(task, run_if=ir.RunIf.ONE_FAILED),
    ),
    "a no is passed over": Mutation(
        "checks", "may-says-no", "may", lambda task: replace(task, if_false=ir.IfFalse.WARN)
    ),
    "a no fails what it should skip": Mutation(
        "checks", "may-says-no", "may", lambda task: replace(task, if_false=ir.IfFalse.FAIL)
    ),
    "a task may fail that may not": Mutation(
        "allow_failure",
        "what-may-not-fails",
        "needed",
        lambda task: replace(task, allow_failure=True),
    ),
    "a task may not fail that may": Mutation(
        "allow_failure",
        "what-may-fail-fails",
        "optional",
        lambda task: replace(task, allow_failure=False),
    ),
    "a task has the function of another": Mutation(
        "shapes",
        "all-green",
        "first",
        lambda task: replace(task, action=replace(task.action, args=LAST)),
    ),
}


@pytest.mark.turns
@pytest.mark.parametrize("name", MUTATIONS)
def test_what_is_broken_is_noticed(
    recorder: Recorder, project: Path, name: str, tmp_path: Path
) -> None:
    mutation = MUTATIONS[name]
    case = cases()[mutation.case]

    def broken(pipeline: ir.Pipeline) -> ir.Pipeline:
        changed = {mutation.task: mutation.change(pipeline.task(mutation.task))}
        return replace(pipeline, tasks=tuple(changed.get(t.name, t) for t in pipeline.tasks))

    rendered = rendered_otherwise(case, tmp_path / "project", project, broken)
    with pytest.raises(AssertionError):
        assert_runs_as_meant(recorder, rendered, case, mutation.plan, tmp_path)
