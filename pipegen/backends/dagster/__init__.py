"""Dagster: one file of assets per pipeline, with a job and a schedule, and one that loads them."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target
from pipegen.backends.calls import formats
from pipegen.backends.dagster.assets import assets, is_dated, labels, reads_environment
from pipegen.backends.dagster.names import Names, job
from pipegen.backends.dagster.views import File
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
    dated = any(is_dated(task.action) for task in pipeline.tasks)
    scheduled = pipeline.schedule is not None
    starts = pipeline.schedule is not None and pipeline.schedule.start is not None
    dbt = bool(names.dbt)
    file = File(
        name=pipeline.name,
        job=job(pipeline.name),
        root=target.root(path),
        timezone=pipeline.timezone,
        labels=labels(pipeline, owner=None, metadata={"owner": pipeline.owner}),
        schedule=pipeline.schedule,
        schedule_name=f"{pipeline.name}_schedule",
        projects=tuple(names.projects()),
        assets=defined,
        names=brackets([identifier(asset.name) for asset in defined]),
        nodes="node.j2" in used,
        steps="step.j2" in used,
        shell="shell.j2" in used,
        http="http.j2" in used,
        os=any(reads_environment(task.action) for task in pipeline.tasks),
        dated=dated,
        zoned=dated or starts,
        abc=_imported(
            Iterator=dbt or any(asset.keys for asset in defined), Mapping=dbt, Sequence=dbt
        ),
        datetime=_imported(
            date=starts or (scheduled and dated) or any(formats(t.action) for t in pipeline.tasks),
            datetime=dated,
        ),
    )
    return (PlannedFile(path, "pipeline.py.j2", file, pipeline.source),)


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the file that loads every pipeline, and the list of what they all need."""
    tasks = [task for pipeline in pipelines for task in pipeline.tasks]
    dbt = [task for task in tasks if isinstance(task.action, ir.Dbt)]
    needed = {
        "dagster>=1.13.27,<1.14": True,
        "dagster-webserver>=1.13.27,<1.14": True,
        "dagster-dbt>=0.29.27,<0.30": any(task.group is None for task in dbt),
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
        Feature.RETRIES: native("a `RetryPolicy` of the step"),
        Feature.TIMEOUT: emulated(
            "`subprocess.run` and httpx are given it (httpx: for each wait on the server)"
        ),
        Feature.TIMEOUT_IN_PROCESS: degraded(
            "a step is a call in the run's process, which Dagster does not interrupt",
            "a dbt or Python task is not stopped when its timeout is over",
        ),
        Feature.DBT_STEP: native("`@dbt_assets` and dbt's command line"),
        Feature.DBT_MODEL: native("an asset with checks for each node; dbt runs in process"),
        Feature.FORMAT: native("`strftime` of the day of the run"),
        Feature.DBT_TESTS_NONE: native("dbt leaves tests and unit tests out of what it builds"),
        Feature.PYTHON: native("an asset that calls the function"),
        Feature.SHELL: native("an asset that calls `subprocess.run`, without a shell"),
        Feature.HTTP: native("an asset that sends the request with httpx"),
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
