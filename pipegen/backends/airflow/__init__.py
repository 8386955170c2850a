"""Apache Airflow 3: one DAG per pipeline, of TaskFlow functions and, for dbt, Cosmos operators."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target
from pipegen.backends.airflow.dag import dag
from pipegen.backends.airflow.execution import Execution
from pipegen.backends.airflow.governs import GOVERNS
from pipegen.backends.airflow.offers import offers
from pipegen.backends.dbt import is_dbt
from pipegen.capabilities import NOT_YET, Feature, degraded, emulated, native, unsupported
from pipegen.files import PlannedFile
from pipegen.resources import resource

_BESIDE = {
    "local": (
        "# dbt needs the adapter of your warehouse as well, such as dbt-duckdb.",
        "dbt-core>=1.11,<1.12",
    ),
    "virtualenv": (),
    "docker": ("apache-airflow-providers-docker>=4.6,<5",),
    "kubernetes": ("apache-airflow-providers-cncf-kubernetes>=10.25,<11",),
}
"""What Cosmos needs, by where dbt runs."""


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the DAG file of a pipeline."""
    path = PurePosixPath("dags", f"pg_{pipeline.name}.py")
    view = dag(pipeline, target.root(path), Execution.of(target))
    return (PlannedFile(path, "dag.py.j2", view, pipeline.source),)


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the list of what the DAGs need, and of the pools they use."""
    actions = [task.action for pipeline in pipelines for task in pipeline.tasks]
    needed: tuple[str, ...] = ()
    if any(map(is_dbt, actions)):
        needed += ("astronomer-cosmos>=1.15,<1.16", *_BESIDE[Execution.of(target).kind])
    if any(isinstance(action, ir.Http) for action in actions):
        needed += ("httpx>=0.28,<1",)
    if any(isinstance(action, ir.RemoteJob) for action in actions):
        needed += ("apache-airflow-providers-dbt-cloud>=4.11,<5",)
    view = ("apache-airflow>=3.3,<3.4", *needed)
    path = PurePosixPath("requirements.txt")
    requirements = PlannedFile(path, "requirements.txt.j2", view, "pipegen.yaml")
    used = {task.pool.name: task.pool for p in pipelines for task in p.tasks if task.pool}
    pools = tuple(used[name] for name in sorted(used))
    if not pools:
        return (requirements,)
    file = PlannedFile(PurePosixPath("pools.json"), "pools.json.j2", pools, "pipegen.yaml")
    return (requirements, file)


_TIMEOUT = native("`execution_timeout`, an alarm in the task's own process")
_COSMOS = (
    "which runs dbt in a folder of links to the project: a path in profiles.yml must be absolute"
)

BACKEND = Backend(
    name="airflow",
    title="Airflow",
    capabilities={
        **NOT_YET,
        **GOVERNS,
        Feature.CRON: native("`CronTriggerTimetable`"),
        Feature.SKIPPED_TIME: degraded(
            "it comes as much later as the clocks are set forward",
            "where the skipped hour has several such times, only the first makes a run",
        ),
        Feature.REPEATED_TIME: native("the second counts"),
        Feature.REPEATED_HOUR: native("runs are made in both"),
        Feature.HOURS_OF_DAYS: degraded(
            "`CronTriggerTimetable` counts hours over a change of the clocks",
            "after a change on a day that is left out, the next one that is named lacks its first "
            "hour, or has a run too many in the hour before it begins",
        ),
        Feature.TIMEZONE: native("the timezone of `CronTriggerTimetable` and of `start_date`"),
        Feature.START: native("`start_date`"),
        Feature.CATCHUP: native("`catchup`, counted from `start`"),
        Feature.PARAMS: native("`params` of the DAG, whose types Airflow checks"),
        Feature.RETRIES: native("`retries` and `retry_delay`"),
        Feature.TIMEOUT: _TIMEOUT,
        Feature.TIMEOUT_IN_PROCESS: _TIMEOUT,
        Feature.DBT_STEP: native(f"one Cosmos operator, {_COSMOS}"),
        Feature.DBT_MODEL: native(f"one Cosmos operator per node in a task group, {_COSMOS}"),
        Feature.DBT_EXPAND: degraded(
            "a `DbtTaskGroup`, which Cosmos makes of the manifest whenever the DAG is parsed: a "
            "task and its tests for each node, with the retries and the timeout of the transform",
            "Cosmos selects by rules of its own, which are not all of dbt's (names with `*`, "
            "`package.folder` and `source:x+` find nothing; `state:` and others are errors), and a "
            "group in which it finds nothing is an error of the DAG; nothing is checked against "
            "the lock; a test of several nodes holds back the readers of the transform alone, and "
            "has a task, which does nothing, where it is excluded; no assets are updated; each "
            "group reads the manifest again at each parse",
        ),
        Feature.DBT_EXPAND_TESTS: native("a task of its own, after what its group builds of that"),
        Feature.DBT_EXPAND_UNIT_TESTS: native("`dbt build` of the model runs them"),
        Feature.DBT_EXPAND_FUNCTIONS: unsupported(
            "Cosmos makes no task of a function: `exclude` it, and build it in another transform"
        ),
        Feature.DBT_EXPAND_STORED: native("`--store-failures` of each task"),
        Feature.DBT_EXPAND_DECIDED: emulated("a task `run_if-<name>` decides before the group"),
        Feature.DBT_EXPAND_PARTS: unsupported(
            "of the tasks that Cosmos makes some may succeed where the transform fails, and their "
            "names are not known before: leave `expand` out, so that pipegen writes the tasks"
        ),
        Feature.FORMAT: native("`strftime` of the day of the run"),
        Feature.DBT_TESTS_NONE: native("dbt leaves tests and unit tests out of what it builds"),
        Feature.DBT_TESTS_AFTER_ALL: native("one `dbt test`, for which all readers wait"),
        Feature.DBT_LINEAGE: native("one Cosmos operator for the nodes of a group"),
        Feature.DBT_COMMAND: native("Cosmos's operator of that command"),
        Feature.DBT_DOCS: native("Cosmos's operator of `dbt docs generate`"),
        Feature.DBT_SELECTOR: native("`selector` of the operator"),
        Feature.DBT_NO_TARGET: unsupported(
            "Cosmos names a target in every call of dbt: say which in the dbt project's `target`"
        ),
        Feature.DBT_TARGETS: native("a `ProfileConfig` for each target"),
        Feature.DBT_VARS: native("`vars` of the operator; a template is filled in by Airflow"),
        Feature.DBT_ENV: native("`env` of the operator, beside the worker's own environment"),
        Feature.DBT_FULL_REFRESH: native("`full_refresh` of the operator"),
        Feature.DBT_THREADS: native("`--threads`"),
        Feature.DBT_STORE_FAILURES: native("`--store-failures`"),
        Feature.DBT_DEFER: native("`--defer --state`"),
        Feature.DBT_INSTALL_DEPS: native("`install_deps` of each operator, in its own folder"),
        Feature.FRESHNESS_BLOCK: native("a `DbtSourceLocalOperator`, which fails on stale tables"),
        Feature.FRESHNESS_ALERT: emulated(
            "a `DbtSourceLocalOperator` that the file changes to log a warning; its XCom `dbt` "
            "has the states"
        ),
        Feature.PYTHON: native("a `@task` function"),
        Feature.SHELL: native("a `@task` function that calls `subprocess.run`, without a shell"),
        Feature.HTTP: native("a `@task` function that sends the request by httpx"),
        Feature.DBT_CLOUD: native(
            "the provider's `DbtCloudRunJobOperator`, for which the task makes the connection of "
            "its environment; it cancels the run at the timeout or when the task is killed, fails "
            "and leaves the run where the API answers with an error, and its retry goes on where "
            "the run failed, unless the task has `steps_override`"
        ),
        Feature.PIPELINE_OWNER: emulated(
            "`owner` of each task that has none of its own: Airflow has none for a DAG"
        ),
        Feature.PIPELINE_TAGS: native("`tags`"),
        Feature.PIPELINE_DESCRIPTION: native("`description`"),
        Feature.TASK_OWNER: native("`owner`"),
        Feature.TASK_TAGS: degraded(
            "the last line of the task's `doc_md`, or of its group's tooltip",
            "Airflow has no tags on tasks: they can be read, but nothing is filtered by them",
        ),
        Feature.TASK_DESCRIPTION: native("`doc_md`, or the tooltip of its task group"),
    },
    templates=resource("templates") / "airflow",
    plan=plan,
    plan_project=plan_project,
    offers=offers,
)
