"""The definition of a run, on graphs small enough to check by eye."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations_with_replacement
from pathlib import PurePosixPath
from typing import Any

import pytest

from pipegen import ir
from pipegen.diagnostics import Span
from pipegen.semantics import End, Outcome, Ran, State, Trace, decided, elements, run

HERE = Span("pipeline.yaml")
DBT = PurePosixPath("dbt")


def task(name: str, *upstream: str, retries: int = 0, **more: Any) -> ir.Task:
    return ir.Task(
        name=name,
        stage=ir.Stage.SOURCE,
        action=ir.Shell(command=("true",), env=ir.Fields(()), span=HERE),
        dependencies=tuple(ir.Dependency(u, ir.Reason.DEPENDS_ON) for u in upstream),
        retries=ir.Retries(count=retries, span=HERE),
        span=HERE,
        **more,
    )


def pipeline(*tasks: ir.Task, **more: Any) -> ir.Pipeline:
    return ir.Pipeline(name="p", source="p.yaml", tasks=tasks, span=HERE, **more)


def always(end: End) -> Outcome:
    return lambda task, attempt: end


def only(name: str, end: End) -> Outcome:
    """Return the outcome in which the attempts of one task alone do not end well."""
    return lambda task, attempt: end if task.name == name else End.OK


def states(trace: Trace) -> dict[str, str]:
    return {name: ran.state.value for name, ran in trace.tasks}


DIAMOND = pipeline(
    task("a"), task("b", "a", retries=2), task("c", "a"), task("d", "b", "c"), task("e", "c")
)


def test_all_run_once_when_all_end_well() -> None:
    trace = run(DIAMOND, always(End.OK))
    assert {ran for _, ran in trace.tasks} == {Ran(State.SUCCESS, 1)}
    assert trace.succeeded
    assert trace.order == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("c", "e")}


def test_a_task_is_tried_until_it_ends_well() -> None:
    fails = ("b", 1), ("b", 2)
    trace = run(DIAMOND, lambda task, n: End.FAIL if (task.name, n) in fails else End.OK)
    assert dict(trace.tasks)["b"] == Ran(State.SUCCESS, 3)
    assert trace.succeeded


def test_a_failure_reaches_only_what_descends_from_it() -> None:
    trace = run(DIAMOND, only("b", End.FAIL))
    assert dict(trace.tasks) == {
        "a": Ran(State.SUCCESS, 1),
        "b": Ran(State.FAILED, 3),
        "c": Ran(State.SUCCESS, 1),
        "d": Ran(State.UPSTREAM_FAILED, 0),
        "e": Ran(State.SUCCESS, 1),
    }
    assert not trace.succeeded
    assert ("b", "d") not in trace.order


def test_upstream_failed_goes_all_the_way_down() -> None:
    trace = run(pipeline(task("a"), task("b", "a"), task("c", "b")), always(End.FAIL))
    assert [ran.state for _, ran in trace.tasks] == ["failed", "upstream_failed", "upstream_failed"]


def test_a_warn_severity_test_is_nothing_that_can_fail() -> None:
    project = ir.DbtProject(
        name="p", package="p", profile="p", dir=DBT, profiles_dir=DBT, span=HERE
    )
    dbt = ir.Dbt(
        project=project,
        command="build",
        select=("m",),
        nodes=(ir.DbtNode(unique_id="model.p.m", name="m", resource_type="model"),),
        tests=(
            ir.DbtTest(unique_id="test.p.e", name="e", blocks=True),
            ir.DbtTest(unique_id="test.p.w", name="w", blocks=False),
        ),
        span=HERE,
    )
    built = ir.Task(
        name="m", stage=ir.Stage.TRANSFORM, action=dbt, retries=ir.Retries(span=HERE), span=HERE
    )
    assert elements(built) == ("m", "e")
    assert elements(task("a")) == ("a",)


def test_a_version_of_a_model_fails_by_itself() -> None:
    project = ir.DbtProject(
        name="p", package="p", profile="p", dir=DBT, profiles_dir=DBT, span=HERE
    )
    version = ir.DbtNode(unique_id="model.p.m.v2", name="m", resource_type="model")
    dbt = ir.Dbt(project=project, command="build", select=("m.v2",), nodes=(version,), span=HERE)
    built = ir.Task(
        name="m", stage=ir.Stage.TRANSFORM, action=dbt, retries=ir.Retries(span=HERE), span=HERE
    )
    assert elements(built) == ("m.v2",)


S, F, K, U = State.SUCCESS, State.FAILED, State.SKIPPED, State.UPSTREAM_FAILED
DECISIONS = {
    ir.RunIf.ALL_SUCCESS: {(): None, (S, S): None, (S, F): U, (S, K): K, (F, K): U, (U, S): U},
    ir.RunIf.NONE_FAILED: {(S, S): None, (S, K): None, (K, K): None, (S, F): U, (U, K): U},
    ir.RunIf.ONE_SUCCESS: {(S, F): None, (S, K): None, (F, K): U, (K, K): K, (U, U): U},
    ir.RunIf.ONE_FAILED: {(S, F): None, (U, K): None, (S, K): K, (S, S): K},
    ir.RunIf.ANY_SKIPPED: {(S, K): None, (F, K): None, (S, F): K, (S, S): K},
    ir.RunIf.ALL_DONE: {(S, F): None, (F, U): None, (K, K): None},
}


@pytest.mark.parametrize("run_if", ir.RunIf)
def test_a_task_decides_on_the_ends_of_all_it_waits_for(run_if: ir.RunIf) -> None:
    table = DECISIONS[run_if]
    assert {ends: decided(run_if, ends) for ends in table} == table


def test_where_nothing_was_skipped_a_failure_is_all_that_holds_back() -> None:
    for ends in combinations_with_replacement((S, F, U), 3):
        held = decided(ir.RunIf.NONE_FAILED, ends)
        assert held == decided(ir.RunIf.ALL_SUCCESS, ends)
        assert (held is None) == (set(ends) == {S})


def test_what_runs_because_of_a_failure_does_not_undo_it() -> None:
    alarm = task("alarm", "a", run_if=ir.RunIf.ONE_FAILED)
    trace = run(pipeline(task("a"), alarm, task("b", "alarm")), only("a", End.FAIL))
    assert states(trace) == {"a": "failed", "alarm": "success", "b": "success"}
    assert not trace.succeeded
    assert ("a", "alarm") in trace.order


def test_a_run_goes_well_if_what_failed_may() -> None:
    trace = run(pipeline(task("a", allow_failure=True), task("b", "a")), only("a", End.FAIL))
    assert states(trace) == {"a": "failed", "b": "upstream_failed"}
    assert trace.succeeded


@pytest.mark.parametrize(
    ("if_false", "ends"),
    [
        ("fail", ("failed", "upstream_failed")),
        ("skip", ("skipped",) * 2),
        ("warn", ("success",) * 2),
    ],
)
def test_a_no_is_final(if_false: str, ends: tuple[str, str]) -> None:
    check = task("check", retries=3, if_false=ir.IfFalse(if_false))
    trace = run(pipeline(check, task("b", "check")), only("check", End.NO))
    assert tuple(states(trace).values()) == ends
    assert dict(trace.tasks)["check"].attempts == 1
    assert trace.succeeded == (if_false != "fail")


def test_a_check_that_cannot_answer_is_tried_again() -> None:
    check = task("check", retries=1, if_false=ir.IfFalse.SKIP)
    trace = run(pipeline(check), always(End.FAIL))
    assert dict(trace.tasks)["check"] == Ran(State.FAILED, 2)


def test_a_timeout_fails_an_attempt() -> None:
    slow = task("slow", retries=1, timeout=timedelta(minutes=1))
    trace = run(pipeline(slow, timeout=timedelta(hours=1)), always(End.HANG))
    assert dict(trace.tasks)["slow"] == Ran(State.FAILED, 2)


def test_when_the_time_of_a_run_is_up_what_runs_has_failed_and_the_rest_is_skipped() -> None:
    slow = task("slow", retries=1, timeout=timedelta(hours=2), allow_failure=True)
    after = task("after", "slow", run_if=ir.RunIf.ALL_DONE)
    trace = run(
        pipeline(slow, after, task("late", "after"), task("other"), timeout=timedelta(hours=1)),
        only("slow", End.HANG),
    )
    assert trace.tasks == (
        ("slow", Ran(State.FAILED, 1)),
        ("after", Ran(State.SKIPPED, 0)),
        ("late", Ran(State.SKIPPED, 0)),
        ("other", Ran(State.SUCCESS, 1)),
    )
    assert not trace.succeeded


def test_an_attempt_that_nothing_ends_has_no_trace() -> None:
    with pytest.raises(ValueError, match="nothing ends 'a'"):
        run(pipeline(task("a")), always(End.HANG))


def test_delays_double_up_to_the_longest() -> None:
    def delays(**more: Any) -> list[float]:
        found = ir.Retries(count=4, delay=timedelta(seconds=3), span=HERE, **more).delays
        return [delay.total_seconds() for delay in found]

    doubled = ir.Backoff.EXPONENTIAL
    assert delays() == [3, 3, 3, 3]
    assert delays(backoff=doubled) == [3, 6, 12, 24]
    assert delays(backoff=doubled, max_delay=timedelta(seconds=10)) == [3, 6, 10, 10]


def test_delays_grow_no_further_than_a_year() -> None:
    retries = ir.Retries(
        count=100, delay=timedelta(days=300_000), backoff=ir.Backoff.EXPONENTIAL, span=HERE
    )
    assert set(retries.delays) == {timedelta(days=365)}
