"""What a transform means whose tasks the orchestrator's tool makes, and what it cannot have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipegen import ir
from pipegen.capabilities import Feature
from pipegen.diagnostics import CompileError
from pipegen.features import required
from tests.language.world import World

ONE = "pipeline: p\ntransforms: {t: {project: lab, expand: runtime, %s}}\n"
READ = """pipeline: p
sources: {load: {kind: shell, command: [load], loads: [raw.users]}}
transforms: {t: {project: lab, select: "events users", expand: runtime}}
activations: {send: {kind: shell, command: [send], reads: [users]}}
"""


def test_it_is_one_task_for_which_readers_wait(world: World) -> None:
    tasks = {task.name: task for task in world.meaning(READ).tasks}
    assert {name: task.upstream for name, task in tasks.items()} == {
        "load": (),
        "t": ("load",),
        "send": ("t",),
    }
    action = tasks["t"].action
    assert isinstance(action, ir.Dbt)
    assert (action.granularity, action.expand) == (ir.Granularity.STEP, ir.Expand.RUNTIME)
    assert {node.name for node in action.nodes} == {"events", "users"}


@pytest.mark.parametrize(
    "keys",
    [
        "select: users, granularity: model",
        "select: users, granularity: lineage",
        "select: users, command: run",
        "command: docs",
        "selector: nightly",
        "select: users, overrides: [{select: users, retries: 1}]",
        "select: users, tests: after_all",
        "select: users, indirect_selection: cautious",
    ],
)
def test_what_a_tool_would_drop_is_refused(world: World, keys: str) -> None:
    assert world.codes(ONE % keys) == ["PG102"]


def test_the_refusal_says_what_to_leave_out(world: World) -> None:
    with pytest.raises(CompileError) as raised:
        world.meaning(ONE % "select: users, tests: after_all")
    (problem,) = raised.value.diagnostics
    assert "without `tests: after_all` beside `expand: runtime`" in problem.message


@pytest.mark.parametrize("keys", ["granularity: step", "tests: none", "retries: 2, threads: 3"])
def test_what_every_tool_takes_is_not(world: World, keys: str) -> None:
    assert world.codes(ONE % f"select: users, {keys}") == []


def told(world: World, keys: str, backend: str) -> list[tuple[str, str]]:
    """Return the codes of what does not fit a back end, and the features."""
    (pipeline,) = world.compile(ONE % keys, backends=(backend,)).pipelines
    return [(d.code, d.message.split("`")[1]) for d in pipeline.diagnostics]


@pytest.mark.parametrize("backend", ["airflow", "dagster", "prefect"])
def test_what_a_tool_loses_is_told(world: World, backend: str) -> None:
    told_of = told(world, "select: countries", backend)
    assert told_of == [("PG302", "transform.expand: runtime")]


def test_prefect_drops_no_test_in_silence(world: World) -> None:
    beside = "transform.expand: runtime (tests that read other nodes too)"
    assert ("PG301", beside) in told(world, "select: events", "prefect")
    assert ("PG301", beside) not in told(world, "select: events users", "prefect")
    assert ("PG301", beside) not in told(
        world, "select: events, exclude: events_have_users", "prefect"
    )


def test_prefect_is_not_asked_for_what_dbt_would_refuse(world: World) -> None:
    stored = "select: countries, store_failures: true"
    assert ("PG301", "transform.expand: runtime (and store_failures)") in told(
        world, stored, "prefect"
    )
    assert told(world, stored, "airflow") == told(world, stored, "dagster")


SKIPS = """pipeline: p
checks: {ask: {kind: python, callable: "a:b", if_false: skip}}
transforms: {t: {project: lab, select: countries, expand: runtime%s}}
activations: {send: {kind: shell, command: [send], depends_on: [t]%s}}
"""


@pytest.mark.parametrize(
    ("own", "reader", "lacks"),
    [
        ("", "", set()),
        (", depends_on: [ask]", "", {"dagster"}),
        (", depends_on: [ask], run_if: none_failed", "", {"dagster"}),
        ("", ", run_if: all_done", {"dagster"}),
        ("", ", allow_failure: true", {"dagster"}),
        (", allow_failure: true", "", {"airflow", "dagster"}),
        ("", ", run_if: one_success", {"airflow", "dagster"}),
    ],
)
def test_a_decision_that_a_tool_cannot_take_is_refused(
    world: World, own: str, reader: str, lacks: set[str]
) -> None:
    backends = ("airflow", "dagster", "prefect")
    refused = {b for b in backends if "PG301" in codes(world, SKIPS % (own, reader), b)}
    assert refused == lacks


def codes(world: World, text: str, backend: str) -> set[str]:
    """Return the codes of what does not fit a back end."""
    (pipeline,) = world.compile(text, backends=(backend,)).pipelines
    return {d.code for d in pipeline.diagnostics}


def test_what_tools_pass_over_is_a_feature(world: World) -> None:
    meaning = world.meaning(ONE % "select: users")
    (task,) = meaning.tasks
    assert isinstance(task.action, ir.Dbt)
    function = ir.DbtNode(unique_id="function.lab.f", name="f", resource_type="function")
    test = ir.DbtTest(unique_id="unit_test.lab.users.u", name="u", blocks=True)
    action = replace(task.action, nodes=(function,), tests=(test,))
    needed = {f for f, _ in required(replace(meaning, tasks=(replace(task, action=action),)))}
    assert {Feature.DBT_EXPAND_UNIT_TESTS, Feature.DBT_EXPAND_FUNCTIONS} <= needed
    needed = {f for f, _ in required(meaning)}
    assert needed.isdisjoint({Feature.DBT_EXPAND_UNIT_TESTS, Feature.DBT_EXPAND_FUNCTIONS})


def test_headless_has_no_such_tool(world: World) -> None:
    assert told(world, "select: countries", "headless") == [("PG301", "transform.expand: runtime")]
