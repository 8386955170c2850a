"""The example that the language is written down by compiles, and means what it says."""

from __future__ import annotations

from datetime import date, time, timedelta
from pathlib import Path, PurePosixPath
from shutil import copytree

import pytest

from pipegen import backends, capabilities, ir
from pipegen.capabilities import Level
from pipegen.compiler import Compilation, compile_project
from pipegen.ir import Env, Reason, RunField, RunValue
from pipegen.project import load
from tests.language.world import HERE, World

FCT, DIM = "model.shop.fct_orders", "model.shop.dim_customers"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def root(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copytree(HERE / "reference", tmp_path_factory.mktemp("reference") / "project")
    (folder / "dbt").symlink_to(world.root / "dbt")
    return folder


def compiled(root: Path, environment: str | None = None) -> Compilation:
    project = load(root, environment)
    return compile_project(project, project.targets(), write=False)


@pytest.fixture(scope="module")
def compilation(root: Path) -> Compilation:
    return compiled(root)


@pytest.fixture(scope="module")
def pipeline(compilation: Compilation) -> ir.Pipeline:
    (only,) = compilation.pipelines
    assert only.pipeline
    return only.pipeline


def action(pipeline: ir.Pipeline, task: str) -> ir.Action:
    return pipeline.task(task).action


def dbt(pipeline: ir.Pipeline, task: str) -> ir.Dbt:
    found = action(pipeline, task)
    assert isinstance(found, ir.Dbt)
    return found


def test_nothing_is_wrong_with_it_but_what_a_back_end_cannot_do(compilation: Compilation) -> None:
    assert {problem.code for problem in compilation.diagnostics} <= {"PG301", "PG302"}


def test_a_back_end_is_blamed_for_what_its_table_says_and_no_more(
    compilation: Compilation,
) -> None:
    lacking = {
        feature.value
        for name in ("airflow", "dagster", "prefect")
        for feature, support in backends.get(name).capabilities.items()
        if support.level in (Level.UNSUPPORTED, Level.DEGRADED)
    }
    told = {problem.message.split("`")[1] for problem in compilation.diagnostics}
    assert told <= lacking
    assert set(map(str, capabilities.Feature)) >= lacking


def test_its_tasks_come_in_an_order_they_can_run_in(pipeline: ir.Pipeline) -> None:
    assert [(task.name, task.stage.value, task.group) for task in pipeline.tasks] == [
        ("erp", "source", None),
        ("payments", "source", None),
        ("staging.stg_charges", "transform", "staging"),
        ("orders_not_empty", "check", None),
        ("erp_freshness", "freshness", None),
        ("staging.stg_customers", "transform", "staging"),
        ("staging.stg_orders", "transform", "staging"),
        ("marts.dim_customers", "transform", "marts"),
        ("marts.fct_orders", "transform", "marts"),
        ("crm_accounts", "activation", None),
        ("daily_export", "activation", None),
    ]


def test_each_task_waits_for_what_its_data_says_and_what_it_names(pipeline: ir.Pipeline) -> None:
    assert {
        task.name: [(d.task, d.reason) for d in task.dependencies] for task in pipeline.tasks
    } == {
        "erp": [],
        "erp_freshness": [("erp", Reason.LOADS), ("erp", Reason.LOADS)],
        "payments": [],
        "staging.stg_charges": [("payments", Reason.LOADS)],
        "staging.stg_customers": [("erp", Reason.LOADS), ("erp_freshness", Reason.FRESHNESS)],
        "staging.stg_orders": [("erp", Reason.LOADS), ("erp_freshness", Reason.FRESHNESS)],
        "orders_not_empty": [("erp", Reason.DEPENDS_ON)],
        "marts.dim_customers": [
            ("orders_not_empty", Reason.DEPENDS_ON),
            ("staging.stg_customers", Reason.LINEAGE),
        ],
        "marts.fct_orders": [
            ("orders_not_empty", Reason.DEPENDS_ON),
            ("staging.stg_charges", Reason.LINEAGE),
            ("staging.stg_orders", Reason.LINEAGE),
        ],
        "crm_accounts": [("marts.fct_orders", Reason.READS)],
        "daily_export": [("marts.dim_customers", Reason.READS), ("marts.fct_orders", Reason.READS)],
    }


def test_the_pipeline_says_who_what_and_when(pipeline: ir.Pipeline) -> None:
    span = pipeline.span
    assert (pipeline.name, pipeline.owner, pipeline.tags) == (
        "daily_sales",
        "data-engineering",
        ("sales", "tier1"),
    )
    assert pipeline.description == "Orders and payments to the sales marts, then to the CRM"
    assert pipeline.partition is ir.Partition.DAILY
    assert pipeline.source == "pipelines/daily_sales.yaml"
    assert pipeline.schedule == ir.Schedule(
        cron="0 5 * * 1-5",
        timezone="Europe/Rome",
        start=date(2026, 1, 1),
        overlap=ir.Overlap.SKIP,
        span=span,
    )
    assert pipeline.params == (
        ir.Param(name="full_refresh", type="boolean", default=False, span=span),
    )


def test_the_nearest_level_that_says_something_counts(pipeline: ir.Pipeline) -> None:
    minute = timedelta(minutes=1)
    doubled = (2, minute, ir.Backoff.EXPONENTIAL, timedelta(minutes=30))
    own = (4, timedelta(seconds=30), ir.Backoff.FIXED, None)
    overridden = (4, timedelta(0), ir.Backoff.FIXED, None)
    asked_once = (0, timedelta(0), ir.Backoff.FIXED, None)
    expected = {task.name: (doubled, HOUR) for task in pipeline.tasks} | {
        "erp_freshness": (asked_once, HOUR),
        "payments": (own, HOUR),
        "marts.fct_orders": (overridden, 3 * HOUR),
    }
    assert {
        task.name: ((r.count, r.delay, r.backoff, r.max_delay), task.timeout)
        for task in pipeline.tasks
        for r in [task.retries]
    } == expected
    assert {task.owner for task in pipeline.tasks} == {"data-engineering"}


def test_sources_say_what_they_run_and_what_they_fill(pipeline: ir.Pipeline) -> None:
    span, erp, payments = pipeline.span, pipeline.task("erp"), pipeline.task("payments")
    connection = ir.Connection(
        name="airbyte_prod",
        kind="airbyte",
        settings=ir.Fields((("url", Env("AIRBYTE_URL")), ("token", Env("AIRBYTE_TOKEN")))),
        span=span,
    )
    job = ir.Fields((("connection_id", "7c1f0f8e-0d0c-4d55-9a3e-3a1d6f8e2b11"),))
    assert erp.action == ir.RemoteJob(service="airbyte", connection=connection, job=job, span=span)
    gate = action(pipeline, "erp_freshness")
    assert isinstance(gate, ir.Freshness)
    assert gate.on_stale is ir.OnStale.BLOCK
    assert gate.tables == ("source.shop.erp.orders", "source.shop.erp.customers")
    assert gate.select == ("source:erp.orders", "source:erp.customers")
    assert erp.loads == ("source.shop.erp.orders", "source.shop.erp.customers")
    assert payments.action == ir.Python(
        module="shop_ingest.payments",
        function="load",
        args=ir.Fields((("day", RunValue(RunField.DATE)),)),
        span=span,
    )
    assert payments.loads == ("source.shop.payments.charges",)


def test_transforms_run_dbt_as_they_say(pipeline: ir.Pipeline) -> None:
    staged, mart = dbt(pipeline, "staging.stg_orders"), dbt(pipeline, "marts.fct_orders")
    assert (staged.command, staged.select, staged.vars) == ("build", ("stg_orders",), ir.Fields())
    assert staged.full_refresh is False
    assert mart.vars == ir.Fields((("schema", "analytics"),))
    assert mart.full_refresh == ir.ParamValue("full_refresh")
    assert [test.name for test in mart.tests] == ["unique_fct_orders_order_id"]
    assert (mart.granularity, mart.run_tests) == (ir.Granularity.MODEL, ir.RunTests.AFTER_EACH)
    assert (mart.project.target, mart.project.runtime_dir) == ("prod", Env("DBT_SHOP_DIR"))
    assert mart.project.profiles_dir == PurePosixPath("dbt/shop")


def test_the_check_asks_and_skips(pipeline: ir.Pipeline) -> None:
    check = pipeline.task("orders_not_empty")
    assert isinstance(check.action, ir.Sql)
    assert check.action.sql == "select count(*) > 0 from erp.orders"
    assert check.action.connection.kind == "duckdb"
    assert check.if_false is ir.IfFalse.SKIP


def test_activations_read_what_is_built(pipeline: ir.Pipeline) -> None:
    sync, export = pipeline.task("crm_accounts"), pipeline.task("daily_export")
    assert (sync.reads, export.reads) == ((FCT,), (FCT, DIM))
    assert isinstance(sync.action, ir.RemoteJob)
    assert (sync.action.service, sync.action.job) == ("hightouch", ir.Fields((("sync_id", 4821),)))
    assert {task.run_if for task in pipeline.tasks} == {ir.RunIf.ALL_SUCCESS}


def test_promises_are_about_nodes_and_tasks_and_told_to_a_channel(pipeline: ir.Pipeline) -> None:
    span = pipeline.span
    alerts = ir.Channel(
        name="data_alerts",
        kind="slack",
        settings=ir.Fields((("webhook", Env("SLACK_WEBHOOK")),)),
        span=span,
    )
    marts = ("marts.dim_customers", "marts.fct_orders")
    assert pipeline.slas == (
        ir.Sla(
            name="orders_ready", datasets=(FCT,), ready_by=time(8, 0), notify=(alerts,), span=span
        ),
        ir.Sla(
            name="marts_fresh",
            datasets=(DIM, FCT),
            max_age=26 * HOUR,
            severity="error",
            notify=(alerts,),
            span=span,
        ),
        ir.Sla(
            name="marts_quick",
            tasks=marts,
            max_duration=timedelta(minutes=45),
            notify=(alerts,),
            span=span,
        ),
    )
    done = ir.Text(("daily_sales done for ", RunValue(RunField.DATE)))
    assert pipeline.notifications == (
        ir.Notification(on="failure", channel=alerts, span=span),
        ir.Notification(on="success", channel=alerts, text=done, span=span),
    )


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_changes_variables_and_nothing_else(
    root: Path, pipeline: ir.Pipeline, environment: str
) -> None:
    (only,) = compiled(root, environment).pipelines
    assert only.pipeline
    assert dbt(only.pipeline, "marts.fct_orders").vars == ir.Fields((("schema", environment),))
    assert list(only.pipeline.edges()) == list(pipeline.edges())
    assert only.pipeline.schedule == pipeline.schedule
    before, after = action(pipeline, "staging.stg_orders"), only.pipeline.task("staging.stg_orders")
    assert after.action == before
