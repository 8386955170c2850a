"""Why a task waits for another, form by form."""

from __future__ import annotations

import pytest

from pipegen import ir
from pipegen.diagnostics import CompileError
from pipegen.ir import RunIf
from tests.language.world import World

SHELL = "{kind: shell, command: [x], %s}"
EVENTS, USERS = "model.lab.events", "model.lab.users"


def upstream(pipeline: ir.Pipeline) -> dict[str, list[str]]:
    """Return what each task waits for, and why."""
    return {
        task.name: sorted({f"{d.task} {d.reason.value}" for d in task.dependencies})
        for task in pipeline.tasks
    }


def reading(*names: str) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return "activations: {x: " + SHELL % f"reads: [{listed}]" + "}\n"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("report", "model.lab.report"),
        ("lab.report", "model.lab.report"),
        ("lab:report", "model.lab.report"),
        ("lab:lab.report", "model.lab.report"),
        ("shop:fct_orders", "model.shop.fct_orders"),
        ("lab:fct_orders", "model.lab.fct_orders"),
        ("side.base", "model.side.base"),
        ("lab:side.base", "model.side.base"),
        ("prices", "model.lab.prices.v2"),
        ("prices.v1", "model.lab.prices.v1"),
        ("lab:lab.prices.v1", "model.lab.prices.v1"),
        ("raw.events", "source.lab.raw.events"),
        ("erp.orders", "source.shop.erp.orders"),
        ("countries", "seed.lab.countries"),
        ("history", "snapshot.lab.history"),
    ],
)
def test_a_name_means_one_node(world: World, written: str, meant: str) -> None:
    (task,) = world.meaning("pipeline: p\n" + reading(written)).tasks
    assert task.reads == (meant,)


@pytest.mark.parametrize(
    ("written", "forms"),
    [
        ("fct_orders", ["lab:fct_orders", "shop:fct_orders"]),
        ("base", ["lab:lab.base", "lab:side.base"]),
        ("lab:base", ["lab.base", "side.base"]),
    ],
)
def test_what_is_ambiguous_is_told_with_names_that_are_not(
    world: World, written: str, forms: list[str]
) -> None:
    (problem,) = world.found("pipeline: p\n" + reading(written))
    assert (problem.code, problem.help) == ("PG211", f"write one of: {', '.join(forms)}")
    assert world.faults("pipeline: p\n" + reading(*forms)) == []


def test_a_name_is_looked_for_in_the_projects_of_the_pipeline_first(world: World) -> None:
    own = "pipeline: p\ntransforms: {t: {project: shop, select: fct_orders}}\n"
    pipeline = world.meaning(own + reading("fct_orders"))
    assert upstream(pipeline)["x"] == ["t.fct_orders reads"]


def test_a_step_that_is_not_dbt_feeds_and_waits_by_its_data(world: World) -> None:
    pipeline = world.meaning(
        "pipeline: p\n"
        "sources: {load: {kind: shell, command: [x], loads: [raw.events]}}\n"
        "transforms:\n"
        "  first: {project: lab, select: events}\n"
        "  score: {kind: python, callable: 'm:f', reads: [events], loads: [raw.users]}\n"
        "  second: {project: lab, select: users}\n"
        "  tidy: {kind: sql, connection: db, sql: 'select 1', reads: [users]}\n"
        "  job: {kind: dbt_cloud, connection: cloud, job_id: 1, reads: [events]}\n"
        "  run: {kind: shell, command: [x], depends_on: [job]}\n"
        "checks: {ask: {kind: python, callable: 'm:f', reads: [raw.users]}}\n"
    )
    found = upstream(pipeline)
    assert found["first.events"] == ["load loads"]
    assert found["score"] == ["first.events reads"]
    assert found["second.users"] == ["score loads"]
    assert "second.users reads" in found["tidy"]
    assert found["job"] == ["first.events reads"]
    assert found["run"] == ["job depends_on"]
    assert found["ask"] == ["score reads"]


def test_an_output_makes_an_edge_and_so_does_a_pipeline_waited_for(world: World) -> None:
    pipeline = world.meaning(
        "pipeline: p\nsources:\n"
        "  a: {kind: python, callable: 'm:f', outputs: [rows]}\n"
        "  b: {kind: shell, command: [x, 'n={{ tasks.a.rows }}'], wait_for: [other, third]}\n"
        "  c: {kind: shell, command: [x], wait_for: [other]}\n"
    )
    assert upstream(pipeline) == {
        "a": [],
        "b": ["a output", "wait_for_other wait_for", "wait_for_third wait_for"],
        "c": ["wait_for_other wait_for"],
        "wait_for_other": [],
        "wait_for_third": [],
    }
    wait = pipeline.task("wait_for_other")
    assert (wait.stage, wait.action) == (
        ir.Stage.WAIT,
        ir.Wait(pipeline="other", span=pipeline.span),
    )


def test_a_dependency_on_a_transform_is_on_its_last_tasks_and_of_its_first(world: World) -> None:
    pipeline = world.meaning(
        "pipeline: p\n"
        "sources: {a: {kind: shell, command: [x]}}\n"
        "transforms:\n"
        "  t: {project: lab, selector: nightly, depends_on: [a], run_if: none_failed}\n"
        "activations: {z: {kind: shell, command: [x], depends_on: [t]}}\n"
    )
    found = upstream(pipeline)
    first = {name for name, waits in found.items() if "a depends_on" in waits}
    assert first == {"t.events", "t.users"}
    assert found["z"] == ["t.report depends_on"]
    changed = {task.name for task in pipeline.tasks if task.run_if is RunIf.NONE_FAILED}
    assert changed == first


def test_an_error_test_of_two_models_gates_what_is_below_both(world: World) -> None:
    pipeline = world.meaning(
        "pipeline: p\ntransforms: {t: {project: lab, select: 'tag:first tag:second'}}\n"
    )
    assert "t.events_have_users test" in upstream(pipeline)["t.sessions"]
    assert "t.events_have_users test" not in upstream(pipeline)["t.report"]


@pytest.mark.parametrize("order", [("r", "t"), ("t", "r")])
@pytest.mark.parametrize("select", ["events", "tag:first"])
def test_tests_apart_run_after_what_they_test_wherever_they_are_written(
    world: World, order: tuple[str, str], select: str
) -> None:
    lines = {
        "r": f"  r: {{project: lab, select: '{select}', command: run}}\n",
        "t": f"  t: {{project: lab, select: '{select}', command: test}}\n",
    }
    pipeline = world.meaning("pipeline: p\ntransforms:\n" + "".join(lines[n] for n in order))
    run, test = pipeline.task("r").action, pipeline.task("t").action
    assert isinstance(run, ir.Dbt)
    assert isinstance(test, ir.Dbt)
    assert (run.tests, run.exclude, test.exclude) == ((), (), ())
    assert [t.name for t in test.tests] == ["events_have_users", "unique_events_id"]
    assert upstream(pipeline) == {"r": [], "t": ["r lineage"]}


def test_tests_apart_hold_readers_back_but_nothing_that_builds(world: World) -> None:
    pipeline = world.meaning(
        "pipeline: p\ntransforms:\n"
        "  r: {project: lab, select: 'tag:first tag:second', command: run}\n"
        "  t: {project: lab, select: 'tag:first tag:second', command: test}\n" + reading("sessions")
    )
    assert upstream(pipeline)["r"] == []
    assert upstream(pipeline)["x"] == ["r reads", "t test"]


def test_two_targets_of_a_project_keep_out_of_each_others_way(world: World) -> None:
    pipeline = world.meaning(
        "pipeline: p\ntransforms:\n"
        "  a: {project: lab, select: 'tag:first tag:second', target: one}\n"
        "  b: {project: lab, select: 'tag:first tag:second', target: two}\n"
    )
    mine = {t.name: t for t in pipeline.tasks if t.group == "a"}
    assert {u.partition(".")[0] for t in mine.values() for u in t.upstream} == {"a"}
    for name in ("a", "b"):
        tests = {
            test.name
            for task in pipeline.tasks
            if task.group == name and isinstance(task.action, ir.Dbt)
            for test in task.action.tests
        }
        assert tests == {"unique_events_id", "events_have_users"}


TWICE = (
    "pipeline: p\ntransforms:\n"
    "  a: {project: lab, select: events}\n  b: {project: lab, select: events%s}\n"
)


def test_one_node_in_two_transforms_is_an_error_unless_it_is_allowed(world: World) -> None:
    assert world.codes(TWICE % "") == ["PG210"]
    assert world.codes(TWICE % ", allow_overlap: true") == []
    assert world.codes(TWICE % ", target: other") == []


@pytest.mark.parametrize("granularity", ["model", "step"])
def test_tests_none_leaves_every_test_out(world: World, granularity: str) -> None:
    asks = f"{{project: lab, select: events, tests: none, granularity: {granularity}}}"
    pipeline = world.meaning(f"pipeline: p\ntransforms: {{t: {asks}}}\n")
    (task,) = pipeline.tasks
    assert isinstance(task.action, ir.Dbt)
    assert task.action.tests == ()
    assert task.action.exclude == ("resource_type:test", "resource_type:unit_test")


def test_a_selector_selects_what_selectors_yml_says(world: World) -> None:
    pipeline = world.meaning("pipeline: p\ntransforms: {t: {project: lab, selector: nightly}}\n")
    built = {
        node.name
        for task in pipeline.tasks
        if isinstance(task.action, ir.Dbt)
        for node in task.action.nodes
    }
    assert built == {"events", "users", "sessions", "report"}


@pytest.mark.parametrize(
    ("keys", "command", "built"),
    [
        ("select: countries, command: seed", "seed", {"countries"}),
        ("select: history, command: snapshot", "snapshot", {"history"}),
        ("select: 'tag:first', command: run", "run", {"events", "users"}),
        ("select: 'tag:first', granularity: step", "build", {"events", "users"}),
        ("command: docs", "docs", set()),
        ("command: run-operation, macro: vacuum, args: {full: true}", "run-operation", set()),
    ],
)
def test_a_command_is_one_task(world: World, keys: str, command: str, built: set[str]) -> None:
    (task,) = world.meaning(f"pipeline: p\ntransforms: {{t: {{project: lab, {keys}}}}}\n").tasks
    assert isinstance(task.action, ir.Dbt)
    assert (task.name, task.group, task.action.command) == ("t", None, command)
    assert {node.name for node in task.action.nodes} == built
    assert task.action.granularity is ir.Granularity.STEP


EMPTY = """pipeline: p
sources: {load: {kind: shell, command: [load]}}
transforms:
  t: {project: lab, select: "tag:none_yet", %s}
activations: {send: {kind: shell, command: [send], depends_on: [t, load]}}
slas: {quick: {tasks: [t, send], max_duration: 5m}}
"""


@pytest.mark.parametrize(
    "more",
    [
        "granularity: step",
        "granularity: model",
        "command: test",
        "depends_on: [load], wait_for: [other], run_if: all_done",
        "overrides: [{select: 'tag:none_yet', retries: 2}]",
        "overrides: [{select: events, retries: 2}]",
    ],
)
def test_a_selection_that_may_be_empty_and_is_makes_no_task(world: World, more: str) -> None:
    text = EMPTY % f"allow_empty: true, {more}"
    assert world.codes(text) == []
    assert upstream(world.meaning(text)) == {"load": [], "send": ["load depends_on"]}


def test_an_empty_selection_is_an_error_otherwise(world: World) -> None:
    (problem,) = world.found(EMPTY % "allow_empty: false")
    assert problem.code == "PG402"
    assert problem.help == "write `allow_empty: true` if that may be"


def test_a_selection_that_may_be_empty_and_is_not_is_like_any_other(world: World) -> None:
    text = "pipeline: p\ntransforms: {t: {project: lab, select: 'tag:first', allow_empty: %s}}\n"
    assert world.meaning(text % "true").tasks == world.meaning(text % "false").tasks


def test_what_is_wrong_with_an_empty_transform_is_told(world: World) -> None:
    assert world.codes(EMPTY % "allow_empty: true, depends_on: [none_such]") == ["PG201"]
    keys = "select: events, allow_empty: true, overrides: [{select: none_such, retries: 2}]"
    text = f"pipeline: p\ntransforms: {{t: {{project: lab, {keys}}}}}"
    assert world.codes(text) == ["PG406"]


def test_a_lock_with_an_empty_selection_serves_where_that_may_be(world: World) -> None:
    text = "pipeline: p\ntransforms: {t: {project: lab, select: 'tag:none_yet', allow_empty: %s}}\n"
    lock = world.lock(text % "true")
    assert world.lock(text % "true", known=lock) == lock
    with pytest.raises(CompileError) as caught:
        world.lock(text % "false", known=lock)
    assert [problem.code for problem in caught.value.diagnostics] == ["PG402"]
