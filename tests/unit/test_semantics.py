"""The definition of a run, on graphs small enough to check by eye."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipegen import ir
from pipegen.diagnostics import Span
from pipegen.semantics import Ran, State, elements, run

HERE = Span("pipeline.yaml")
DBT = PurePosixPath("dbt")


def task(name: str, *upstream: str, retries: int = 0) -> ir.Task:
    return ir.Task(
        name=name,
        stage=ir.Stage.SOURCE,
        action=ir.Shell(command=("true",), env=ir.Fields(()), span=HERE),
        dependencies=tuple(ir.Dependency(u, ir.Reason.DEPENDS_ON) for u in upstream),
        retries=ir.Retries(count=retries, span=HERE),
        span=HERE,
    )


def pipeline(*tasks: ir.Task) -> ir.Pipeline:
    return ir.Pipeline(name="p", source="p.yaml", tasks=tasks, span=HERE)


DIAMOND = pipeline(
    task("a"), task("b", "a", retries=2), task("c", "a"), task("d", "b", "c"), task("e", "c")
)


def test_all_run_once_when_all_end_well() -> None:
    trace = run(DIAMOND, lambda task, attempt: True)
    assert {ran for _, ran in trace.tasks} == {Ran(State.SUCCESS, 1)}
    assert trace.succeeded
    assert trace.order == {("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("c", "e")}


def test_a_task_is_tried_until_it_ends_well() -> None:
    trace = run(DIAMOND, lambda task, attempt: task.name != "b" or attempt == 3)
    assert dict(trace.tasks)["b"] == Ran(State.SUCCESS, 3)
    assert trace.succeeded


def test_a_failure_reaches_only_what_descends_from_it() -> None:
    trace = run(DIAMOND, lambda task, attempt: task.name != "b")
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
    trace = run(pipeline(task("a"), task("b", "a"), task("c", "b")), lambda task, attempt: False)
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
