"""From a specification and a lock to tasks and why they wait for each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipegen import ir
from pipegen.diagnostics import CompileError
from pipegen.lower import lower
from pipegen.lower.lock import (
    Lock,
    LockedNode,
    LockedProject,
    LockedReference,
    LockedSelection,
    LockedTest,
    dump,
    load,
)
from pipegen.source import parse
from pipegen.spec import PipelineSpec, ProjectSpec

PROJECT = ProjectSpec.parse(
    parse(
        "version: 1\nproject: p\ndbt: {projects: {shop: {dir: dbt}}}\n"
        "defaults: {owner: all, retries: 1, timeout: 1h}\n",
        "pipegen.yaml",
    )
)


def node(name: str, *parents: str) -> tuple[str, LockedNode]:
    return f"model.shop.{name}", LockedNode(name, "shop", "model", None, name, parents)


def dbt_test(name: str, *parents: str, severity: str = "error") -> tuple[str, LockedTest]:
    return f"test.shop.{name}", LockedTest(name, "shop", severity, name, parents)


ORDERS, CUSTOMERS = "source.shop.raw.orders", "source.shop.raw.customers"
NODES = dict(
    [
        (ORDERS, LockedNode("orders", "shop", "source", None, "", ())),
        (CUSTOMERS, LockedNode("customers", "shop", "source", None, "", ())),
        node("stg_orders", ORDERS),
        node("stg_customers", CUSTOMERS),
        node("fct", "model.shop.stg_orders", "model.shop.stg_customers"),
        node("report", "model.shop.fct"),
        node("names", "model.shop.stg_customers"),
    ]
)
TESTS = dict(
    [
        dbt_test("unique_orders", "model.shop.stg_orders"),
        dbt_test("loose_customers", "model.shop.stg_customers", severity="warn"),
        dbt_test("pair", "model.shop.stg_customers", "model.shop.stg_orders"),
    ]
)
STAGING = ("model.shop.stg_customers", "model.shop.stg_orders")
MARTS = ("model.shop.fct", "model.shop.names", "model.shop.report")


def lock(staging_tests: tuple[str, ...] = tuple(TESTS), marts_tests: tuple[str, ...] = ()) -> Lock:
    return Lock(
        pipeline="p",
        projects={"shop": LockedProject("shop", "shop", NODES, TESTS)},
        selections={
            "staging": LockedSelection(
                "shop", ("tag:staging",), (), "eager", STAGING, staging_tests
            ),
            "marts": LockedSelection("shop", ("tag:marts",), (), "eager", MARTS, marts_tests),
        },
        references={
            "raw.orders": LockedReference("shop", ORDERS),
            "raw.customers": LockedReference("shop", CUSTOMERS),
            "report": LockedReference("shop", "model.shop.report"),
            "names": LockedReference("shop", "model.shop.names"),
        },
    )


SPEC = """\
version: 1
pipeline: p
sources:
  orders: {kind: shell, command: [echo], loads: [raw.orders]}
  customers: {kind: shell, command: [echo], loads: [raw.customers]}
transforms:
  staging: {project: shop, select: "tag:staging", granularity: STAGING}
  marts: {project: shop, select: "tag:marts", granularity: MARTS}
activations:
  push: {kind: shell, command: [echo], reads: [report]}
  list: {kind: shell, command: [echo], reads: [names], owner: crm, retries: {count: 4}}
"""


def lowered(
    staging: str = "model", marts: str = "model", spec: str = SPEC, locked: Lock | None = None
) -> ir.Pipeline:
    text = spec.replace("STAGING", staging).replace("MARTS", marts)
    document = parse(text, "pipelines/p.yaml")
    return lower(PipelineSpec.parse(document), PROJECT, locked or lock(), document.file).pipeline


def test_in_model_granularity_each_node_waits_for_what_it_reads() -> None:
    pipeline = lowered()
    assert pipeline.task("staging.stg_orders").upstream == ("orders",)
    assert pipeline.task("marts.fct").upstream == (
        "staging.pair",
        "staging.stg_customers",
        "staging.stg_orders",
    )
    assert pipeline.task("marts.names").upstream == ("staging.stg_customers",)
    assert pipeline.task("push").upstream == ("marts.report",)


def test_in_step_granularity_a_reader_waits_for_the_whole() -> None:
    pipeline = lowered("step", "step")
    assert [task.name for task in pipeline.tasks] == [
        *("orders", "customers", "staging", "marts", "push", "list")
    ]
    assert pipeline.task("staging").upstream == ("customers", "orders")
    assert pipeline.task("list").upstream == ("marts",)


def test_granularities_mix() -> None:
    pipeline = lowered("step", "model")
    assert pipeline.task("marts.fct").upstream == ("staging",)
    assert pipeline.task("marts.names").upstream == ("staging",)


def test_a_test_of_one_node_runs_with_it() -> None:
    action = lowered().task("staging.stg_orders").action
    assert isinstance(action, ir.Dbt)
    assert [item.name for item in action.tests] == ["unique_orders"]
    assert (action.command, action.select) == ("build", ("stg_orders",))
    assert action.indirect_selection == "cautious"


def test_a_test_of_one_node_that_is_not_selected_is_kept_out() -> None:
    without = lock(staging_tests=("test.shop.pair",))
    action = lowered(locked=without).task("staging.stg_orders").action
    assert isinstance(action, ir.Dbt)
    assert action.exclude == ("unique_orders",)
    assert action.tests == ()


def test_a_test_of_several_nodes_is_a_task_that_gates_what_descends_from_all() -> None:
    pipeline = lowered()
    pair = pipeline.task("staging.pair")
    assert isinstance(pair.action, ir.Dbt)
    assert (pair.action.command, pair.action.select) == ("test", ("pair",))
    assert pair.upstream == ("staging.stg_customers", "staging.stg_orders")
    gated = [task.name for task in pipeline.tasks if "staging.pair" in task.upstream]
    assert gated == ["marts.fct"], "what is further down waits for it through `fct`"


def test_a_warn_severity_test_gates_nothing() -> None:
    tests = {key: replace(item, severity="warn") for key, item in TESTS.items()}
    project = LockedProject("shop", "shop", NODES, tests)
    pipeline = lowered(locked=replace(lock(), projects={"shop": project}))
    assert "staging.pair" not in pipeline.task("marts.fct").upstream


def test_a_test_two_transforms_select_runs_in_the_last_of_them() -> None:
    both = lock(marts_tests=("test.shop.pair",))
    pipeline = lowered("step", "step", locked=both)
    staging, marts = pipeline.task("staging").action, pipeline.task("marts").action
    assert isinstance(staging, ir.Dbt)
    assert isinstance(marts, ir.Dbt)
    assert staging.exclude == ("pair",)
    assert "pair" in [item.name for item in marts.tests]


def test_a_step_waits_for_what_its_tests_compare() -> None:
    """Here no node of `marts` reads `stg_orders`, but a test of it does."""
    nodes = dict(NODES) | dict([node("fct", "model.shop.stg_customers")])
    tests = dict(TESTS) | dict([dbt_test("match", "model.shop.fct", "model.shop.stg_orders")])
    project = LockedProject("shop", "shop", nodes, tests)
    staging, marts = lock().selections["staging"], lock().selections["marts"]
    locked = replace(
        lock(),
        projects={"shop": project},
        selections={
            "staging": replace(staging, nodes=STAGING[:1], tests=()),
            "single": replace(staging, select=("stg_orders",), nodes=STAGING[1:], tests=()),
            "marts": replace(marts, tests=("test.shop.match",)),
        },
    )
    spec = SPEC.replace(
        "transforms:\n",
        "transforms:\n  single: {project: shop, select: stg_orders, granularity: step}\n",
    )
    why = lowered("step", "step", spec, locked).task("marts").dependencies
    assert ("single", "lineage", "match tests stg_orders") in {
        (item.task, item.reason.value, item.detail) for item in why
    }


def test_every_edge_says_why() -> None:
    reasons = {(d.task, d.reason.value, d.detail) for d in lowered().task("marts.fct").dependencies}
    assert reasons == {
        ("staging.stg_orders", "lineage", "fct reads stg_orders"),
        ("staging.stg_customers", "lineage", "fct reads stg_customers"),
        ("staging.pair", "test", "pair"),
    }


def test_depends_on_a_transform_waits_for_its_last_tasks() -> None:
    spec = SPEC.replace("list: {kind: shell,", "list: {kind: shell, depends_on: [staging],")
    assert lowered(spec=spec).task("list").upstream == (*("marts.names", "staging.pair"),)


def test_depends_on_of_a_transform_holds_back_its_first_tasks() -> None:
    spec = SPEC.replace('"tag:marts",', '"tag:marts", depends_on: [orders],')
    pipeline = lowered(spec=spec)
    assert "orders" in pipeline.task("marts.names").upstream
    assert "orders" not in pipeline.task("marts.report").upstream


def test_the_nearest_default_wins() -> None:
    pipeline = lowered()
    push, listed = pipeline.task("push"), pipeline.task("list")
    assert (push.owner, push.retries.count, push.timeout) == ("all", 1, listed.timeout)
    assert (listed.owner, listed.retries.count) == ("crm", 4)


def test_the_order_of_tasks_is_topological() -> None:
    names = [task.name for task in lowered().tasks]
    assert all(names.index(before) < names.index(after) for before, after in lowered().edges())


def test_a_cycle_between_steps_is_told_as_a_path() -> None:
    looped = dict(NODES) | dict([node("stg_orders", ORDERS, "model.shop.names")])
    project = LockedProject("shop", "shop", looped, TESTS)
    with pytest.raises(CompileError, match=r"PG202 .*staging -> marts -> staging"):
        lowered("step", "step", locked=replace(lock(), projects={"shop": project}))


def test_a_lock_survives_its_file() -> None:
    assert load(dump(lock())) == lock()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pipeline": 1}', "{" * 100_000])
def test_a_broken_lock_is_no_lock(text: str) -> None:
    assert load(text) is None
