"""Dagster: one file of assets per pipeline, with a job and a schedule, and one that loads them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target, remote
from pipegen.backends import params as of_run
from pipegen.backends.calls import arguments, formats
from pipegen.backends.dagster.assets import RUN, assets, is_dated, labels, reads_environment
from pipegen.backends.dagster.names import Names, is_step, job
from pipegen.backends.dagster.params import declared
from pipegen.backends.dagster.views import File, Helpers
from pipegen.backends.dbt import helpers, is_dbt
from pipegen.capabilities import NOT_YET, Feature, degraded, emulated, native, unsupported
from pipegen.emit import Code, brackets, identifier
from pipegen.files import PlannedFile
from pipegen.resources import resource


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the file of a pipeline."""
    path = PurePosixPath("defs", f"pg_{pipeline.name}.py")
    names = Names(pipeline)
    defined = tuple(assets(pipeline.tasks, names))
    used = {asset.template for asset in defined}
    dated = any(is_dated(task.action) for task in pipeline.tasks) or of_run.is_dated(pipeline)
    told = declared(pipeline, RUN)
    scheduled = pipeline.schedule is not None
    starts = pipeline.schedule is not None and pipeline.schedule.start is not None
    runs = _helpers(pipeline, names)
    switch = bool(runs and runs.refresh)
    nodes = bool(used & {"node.j2", "nodes.j2"})
    steps = "step.j2" in used
    in_process = nodes or "freshness.j2" in used
    checks = [asset.name for asset in defined if asset.template == "freshness.j2"]
    late = bool(runs and (runs.late or runs.env))
    dbt_cloud = "dbt_cloud.j2" in used
    file = File(
        name=pipeline.name,
        job=job(pipeline.name),
        root=target.root(path),
        timezone=pipeline.timezone,
        labels=labels(pipeline, owner=None, metadata={"owner": pipeline.owner}),
        schedule=pipeline.schedule,
        schedule_name=f"{pipeline.name}_schedule",
        projects=names.constants.all(),
        resources=tuple(names.resources()),
        dbt=runs,
        assets=defined,
        names=_listed(asset.name for asset in defined if asset.name not in checks),
        checks=_listed(checks) if checks else None,
        defined=_defined(scheduled=scheduled, checked=bool(checks), told=told is not None),
        in_process=in_process,
        nodes=nodes,
        steps=steps,
        late=late,
        given=bool(runs and runs.late),
        added=bool(runs and runs.env and not in_process),
        contextmanager=bool(runs and runs.env),
        shell="shell.j2" in used,
        http="http.j2" in used,
        dbt_cloud=dbt_cloud,
        os=of_run.reads_environment(pipeline)
        or any(reads_environment(task.action) for task in pipeline.tasks),
        dated=dated,
        zoned=dated or starts,
        abc=_imported(
            Callable=late or switch,
            Iterator=runs is not None or any(asset.keys for asset in defined),
            Mapping=runs is not None,
            Sequence=runs is not None or dbt_cloud,
        ),
        datetime=_imported(
            date=starts
            or (scheduled and dated)
            or of_run.is_formatted(pipeline)
            or any(formats(t.action) for t in pipeline.tasks),
            datetime=dated,
        ),
        params=told,
        switch=switch,
    )
    return (PlannedFile(path, "pipeline.py.j2", file, pipeline.source),)


def _helpers(pipeline: ir.Pipeline, names: Names) -> Helpers | None:
    found = helpers(pipeline.tasks, names.constants)
    if found is None:
        return None
    steps = [task.action for task in pipeline.tasks if is_step(task.action)]
    selector = any(isinstance(action, ir.Dbt) and action.selector for action in steps)
    deps = any(isinstance(action, ir.Dbt) and action.project.install_deps for action in steps)
    in_process = any(
        isinstance(task.action, ir.Dbt) and not is_step(task.action) for task in pipeline.tasks
    )
    return Helpers(**{**asdict(found), "builds": in_process}, selector=selector, deps=deps)


def _listed(names: Iterable[str]) -> Code:
    return brackets([identifier(name) for name in names])


def _defined(*, scheduled: bool, checked: bool, told: bool) -> Code:
    named = {
        "assets": "ASSETS",
        "asset_checks": "CHECKS" if checked else None,
        "jobs": "[job]",
        "schedules": "[schedule]" if scheduled else None,
        "resources": "{PARAMS: Params.configure_at_launch()}" if told else None,
    }
    given = {name: Code(value) for name, value in named.items() if value}
    return arguments((), given, beside=23)


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the file that loads every pipeline, and the list of what they all need."""
    tasks = [task for pipeline in pipelines for task in pipeline.tasks]
    dbt = [task.action for task in tasks if is_dbt(task.action)]
    dbt_cloud = any(remote.is_dbt_cloud(task.action) for task in tasks)
    needed = {
        "dagster>=1.13.27,<1.14": True,
        "dagster-webserver>=1.13.27,<1.14": True,
        "dagster-dbt>=0.29.27,<0.30": any(map(is_step, dbt)) or dbt_cloud,
        # dagster-dbt imports it without asking for it: without dbt-core nobody else does
        "python-dateutil>=2.9,<3": dbt_cloud,
        "dbt-core>=1.11,<1.12": bool(dbt),
        "httpx>=0.28,<1": any(isinstance(task.action, ir.Http) for task in tasks),
    }
    requirements = tuple(package for package, is_needed in needed.items() if is_needed)
    return tuple(
        PlannedFile(PurePosixPath(name), f"{name}.j2", view, "pipegen.yaml")
        for name, view in (("definitions.py", None), ("requirements.txt", requirements))
    )


def _imported(**names: bool) -> Code | None:
    return Code(", ".join(name for name, is_used in names.items() if is_used)) or None


BACKEND = Backend(
    name="dagster",
    title="Dagster",
    capabilities={
        **NOT_YET,
        Feature.CRON: native("a `ScheduleDefinition`, running by default"),
        Feature.TIMEZONE: native("its `execution_timezone`"),
        Feature.START: emulated("its `should_execute` skips the instants before that day"),
        Feature.CATCHUP: unsupported(
            "Dagster makes up for the latest missed instant only, unless the job has partitions"
        ),
        Feature.PARAMS: native(
            "fields of the resource `<pipeline>_params`, which Dagster checks when a run starts; "
            "one of a name that Python or a resource keeps for itself ends with `_`"
        ),
        Feature.RETRIES: native("a `RetryPolicy` of the step"),
        Feature.TIMEOUT: emulated(
            "`subprocess.run`, httpx (for each wait on the server) and the client of dbt Cloud are "
            "given it"
        ),
        Feature.TIMEOUT_IN_PROCESS: degraded(
            "a step is a call in the run's process, which Dagster does not interrupt",
            "a dbt or Python task is not stopped when its timeout is over",
        ),
        Feature.DBT_STEP: native("`@dbt_assets` and dbt's command line"),
        Feature.DBT_MODEL: native("an asset with checks for each node; dbt runs in process"),
        Feature.FORMAT: native("`strftime` of the day of the run"),
        Feature.DBT_TESTS_NONE: native("dbt leaves tests and unit tests out of what it builds"),
        Feature.DBT_TESTS_AFTER_ALL: native("one `dbt test`, for which all readers wait"),
        Feature.DBT_LINEAGE: native("one multi-asset with checks for the nodes of a group"),
        Feature.DBT_COMMAND: native("`@dbt_assets` for what builds tables, else an asset"),
        Feature.DBT_DOCS: native("an asset of `dbt docs generate`"),
        Feature.DBT_SELECTOR: native("`selector` of `@dbt_assets`"),
        Feature.DBT_TARGETS: native("dbt's options, or a `DbtProject`, for each target"),
        Feature.DBT_VARS: native("`--vars`, as one JSON argument"),
        Feature.DBT_ENV: emulated("added to the environment of the run's process while dbt runs"),
        Feature.DBT_FULL_REFRESH: native("`--full-refresh`"),
        Feature.DBT_THREADS: native("`--threads`"),
        Feature.DBT_STORE_FAILURES: native("`--store-failures`"),
        Feature.DBT_DEFER: native("`--defer --state`"),
        Feature.DBT_INSTALL_DEPS: emulated("`dbt deps` before a run's first use of the project"),
        Feature.FRESHNESS_BLOCK: native("a blocking asset check of each table"),
        Feature.FRESHNESS_ALERT: native("an asset check of each table, which warns"),
        Feature.PYTHON: native("an asset that calls the function"),
        Feature.SHELL: native("an asset that calls `subprocess.run`, without a shell"),
        Feature.HTTP: native("an asset that sends the request with httpx"),
        Feature.DBT_CLOUD: native(
            "an asset that runs the job with dagster-dbt's client, which calls the reason of the "
            "run `Triggered by dagster.`; a retry runs the whole job again"
        ),
        Feature.PIPELINE_OWNER: native("metadata of the job: its own `owners` are in beta"),
        Feature.PIPELINE_TAGS: native("tags of the job; metadata where Dagster takes no such tag"),
        Feature.PIPELINE_DESCRIPTION: native("the job's description"),
        Feature.TASK_OWNER: native("an owner of the assets: an address, or a team"),
        Feature.TASK_TAGS: native("tags of the assets; metadata where Dagster takes no such tag"),
        Feature.TASK_DESCRIPTION: native(
            "the assets' description; for a dbt selection, metadata beside dbt's descriptions"
        ),
    },
    templates=resource("templates") / "dagster",
    plan=plan,
    plan_project=plan_project,
    one_builder=True,
)
