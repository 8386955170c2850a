"""Prefect: one flow per pipeline with a task per IR task, and one `prefect.yaml` to deploy all."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target
from pipegen.backends.dbt import is_dbt
from pipegen.backends.prefect.flow import entrypoint, plan, tags
from pipegen.capabilities import NOT_YET, Feature, degraded, emulated, native, unsupported
from pipegen.emit import Code, yaml_string
from pipegen.files import PlannedFile
from pipegen.resources import resource

_PLACEHOLDER = re.compile(r"\{(?=\{\s*[\w.\-\[\]$]+\s*\}\})")
"""The first brace of what Prefect fills in when it reads a `prefect.yaml`."""
_COLLISIONS = {
    ir.Overlap.SKIP: yaml_string("CANCEL_NEW"),
    ir.Overlap.QUEUE: yaml_string("ENQUEUE"),
    ir.Overlap.ALLOW: None,
}
_LOOKS = emulated("the task run looks at the states of those before it once all have ended")


@dataclass(frozen=True, slots=True)
class Deployment:
    """An entry of `prefect.yaml`, in YAML."""

    name: Code
    entrypoint: Code
    work_pool: Code
    description: Code | None
    tags: tuple[Code, ...]
    cron: Code | None
    timezone: Code
    active: Code
    collision: Code | None


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the deployments of all flows, and the list of what they need."""
    pool = yaml_string(target.options.get("work_pool", "default"))
    deployments = tuple(_deployment(pipeline, pool) for pipeline in pipelines)
    actions = [task.action for pipeline in pipelines for task in pipeline.tasks]
    verified = {
        "dbt-core>=1.11,<1.12": any(map(is_dbt, actions)),
        "prefect-dbt>=0.7.25,<0.8": any(
            isinstance(action, ir.Dbt) and action.is_expanded for action in actions
        ),
        "httpx>=0.28,<1": any(isinstance(action, ir.Http | ir.RemoteJob) for action in actions),
    }
    needed = [requirement for requirement, is_needed in verified.items() if is_needed]
    views = {
        "prefect.yaml": deployments,
        "prefect.toml": None,
        "requirements.txt": ("prefect>=3.9,<3.10", *needed),
    }
    return tuple(
        PlannedFile(PurePosixPath(name), f"{name}.j2", view, "pipegen.yaml")
        for name, view in views.items()
    )


def _deployment(pipeline: ir.Pipeline, pool: Code) -> Deployment:
    description, schedule = _literally(pipeline.description), pipeline.schedule
    # of the runs that came due while no worker was up, one is made, unless they queue
    overlap = (schedule.overlap or ir.Overlap.SKIP) if schedule else ir.Overlap.QUEUE
    return Deployment(
        name=yaml_string(pipeline.name),
        entrypoint=yaml_string(entrypoint(pipeline)),
        work_pool=pool,
        description=None if description == pipeline.description else yaml_string(description),
        tags=tuple(yaml_string(_literally(tag)) for tag in tags(pipeline)),
        cron=yaml_string(schedule.cron) if schedule and schedule.cron else None,
        timezone=yaml_string(pipeline.timezone),
        active=Code("false" if schedule and not schedule.enabled else "true"),
        collision=_COLLISIONS[overlap],
    )


def _literally(text: str) -> str:
    return _PLACEHOLDER.sub("{ ", text)


BACKEND = Backend(
    name="prefect",
    title="Prefect",
    capabilities={
        **NOT_YET,
        Feature.CRON: native(
            "a schedule of the deployment in `prefect.yaml`; of the runs that come due while no "
            "worker is up, one is made later and the others are cancelled"
        ),
        Feature.SKIPPED_TIME: native("it comes as much later as the clocks are set forward"),
        Feature.REPEATED_TIME: degraded(
            "Prefect's own way of reading the expression", "the first counts, not the second"
        ),
        Feature.REPEATED_HOUR: degraded(
            "Prefect's own way of reading the expression", "runs are made in the first alone"
        ),
        Feature.HOURS_OF_DAYS: native("the hours of the days that are named"),
        Feature.TIMEZONE: native("the schedule's `timezone`; `run.date` is told in it"),
        Feature.START: emulated("a run that the schedule makes before that day cancels itself"),
        Feature.CATCHUP: unsupported(
            "Prefect schedules no run for an instant that has passed: write `catchup: false` and "
            "start the missed runs by hand"
        ),
        Feature.PARAMS: native(
            "parameters of the flow's function, whose types the deployment checks; one of a name "
            "that Python or the file keeps for itself ends with `_`"
        ),
        Feature.OVERLAP_UNSAID: native(
            "the deployment's `concurrency_limit` with `CANCEL_NEW`: while one runs, another is "
            "cancelled, also one that somebody starts"
        ),
        Feature.OVERLAP_SKIP: degraded(
            "the deployment's `concurrency_limit` with `CANCEL_NEW`",
            "a run that is started by hand while another runs is cancelled as well",
        ),
        Feature.OVERLAP_QUEUE: degraded(
            "the deployment's `concurrency_limit` with `ENQUEUE`",
            "a run that is started by hand while another runs waits for its end as well, and of "
            "the runs that come due while no worker is up all are made later, one by one",
        ),
        Feature.OVERLAP_ALLOW: degraded(
            "a deployment without `concurrency_limit`",
            "of the runs that come due while no worker is up all are made later, at once",
        ),
        Feature.DISABLED: native("a schedule of the deployment that is not `active`"),
        Feature.RUN_TIMEOUT: degraded(
            "`timeout_seconds` of the flow; no attempt of a task may take ten seconds more than it",
            "the flow run fails in time, but a task run that has begun goes on until it ends or "
            "its own timeout does; what has not begun ends as `Crashed` or `NotReady`, or has no "
            "task run, instead of skipped",
        ),
        Feature.MAX_PARALLEL: native(
            "`max_workers` of the flow's task runner: a task run that waits for another, for a "
            "retry or for its pool takes one too, so that fewer may run than could"
        ),
        Feature.POOL: emulated(
            "the tag `pool:<name>` of the task, and a concurrency limit of that tag, which each "
            "flow run creates on the server or sets to the pool's slots (`prefect gcl inspect "
            "tag:pool:<name>`); a task run keeps its slot between its tries"
        ),
        Feature.RUN_IF: emulated(
            "`allow_failure` on what the task run waits for and, where one of these may be "
            "skipped, a look at their states first: it then ends in the state `Skipped`, of the "
            "type completed"
        ),
        Feature.ALLOW_FAILURE: emulated(
            "the flow waits for all its task runs, and returns a state that leaves out those that "
            "may fail"
        ),
        Feature.CHECK: emulated(
            "a task run that a no ends in the state `SaidNo`, of the type failed or, with "
            "`if_false: skip`, completed, or with `warn` in `Warned`"
        ),
        Feature.CHECK_SKIPS_JOIN: _LOOKS,
        Feature.CHECK_SKIPS_DBT: _LOOKS,
        Feature.RETRIES: native("`retries` and `retry_delay_seconds` of the task"),
        Feature.BACKOFF: native("`retry_delay_seconds` with a list of waits"),
        Feature.TIMEOUT: native(
            "`timeout_seconds` of an async task; `subprocess.run`'s timeout; a look at the clock "
            "while dbt Cloud is asked for the end of a job"
        ),
        Feature.TIMEOUT_IN_PROCESS: degraded(
            "`timeout_seconds` of the task; for dbt, a look at the clock once it has ended",
            "an attempt that takes too long fails, but late: Python only once the call that "
            "blocks it returns (a query, a sleep), dbt only once the invocation has ended",
        ),
        Feature.DBT_STEP: native("one `dbtRunner` invocation in the flow's process"),
        Feature.DBT_MODEL: native(
            "a task run per node, of a task called as the transform; one `dbtRunner` invocation "
            "at a time"
        ),
        Feature.DBT_EXPAND: degraded(
            "a task run in which `PrefectDbtOrchestrator`, which is in beta, makes one for each "
            "node and test, one at a time, with the retries of the transform",
            "nothing is checked against the lock; dbt selects when the task runs, without `vars`; "
            "a node below a failed one has no task run; each node is a start of dbt of its own, "
            "on a copy of profiles.yml; the timeout is for the whole transform",
        ),
        Feature.DBT_EXPAND_TESTS: unsupported(
            "prefect-dbt leaves out a test of a node that the transform does not build: `exclude` "
            "the test, build both nodes in one transform, or leave `expand` out"
        ),
        Feature.DBT_EXPAND_UNIT_TESTS: unsupported(
            'prefect-dbt runs no unit tests: `exclude: "resource_type:unit_test"`, or leave '
            "`expand` out"
        ),
        Feature.DBT_EXPAND_FUNCTIONS: unsupported(
            "prefect-dbt builds no functions: `exclude` them, and build them in another transform"
        ),
        Feature.DBT_EXPAND_STORED: unsupported(
            "prefect-dbt gives all commands of dbt the same options, and not all take this one: "
            "set `store_failures` in dbt_project.yml, or leave `expand` out"
        ),
        Feature.DBT_EXPAND_DECIDED: emulated("the task run in which prefect-dbt runs decides"),
        Feature.DBT_EXPAND_PARTS: native("the task run in which prefect-dbt runs stands for all"),
        Feature.FORMAT: native("`strftime` of the day of the run"),
        Feature.DBT_TESTS_NONE: native("dbt leaves tests and unit tests out of what it builds"),
        Feature.DBT_TESTS_AFTER_ALL: native("one `dbt test`, for which all readers wait"),
        Feature.DBT_LINEAGE: native("a task run for the nodes of a group"),
        Feature.DBT_COMMAND: native("a task run of that command; dbt runs in process"),
        Feature.DBT_DOCS: native("a task run, in process, of `dbt docs generate`"),
        Feature.DBT_SELECTOR: native("`--selector`"),
        Feature.DBT_NO_TARGET: native("no `--target`: dbt takes the one of the profile"),
        Feature.DBT_TARGETS: native("dbt's options for each target"),
        Feature.DBT_VARS: native("`--vars`, as one JSON argument"),
        Feature.DBT_ENV: emulated(
            "added to the process's environment while dbt runs: a command that another thread "
            "starts meanwhile has it too"
        ),
        Feature.DBT_FULL_REFRESH: native("`--full-refresh`"),
        Feature.DBT_THREADS: native("`--threads`"),
        Feature.DBT_STORE_FAILURES: native("`--store-failures`"),
        Feature.DBT_DEFER: native("`--defer --state`"),
        Feature.DBT_INSTALL_DEPS: emulated("`dbt deps` before a run's first use of the project"),
        Feature.FRESHNESS_BLOCK: native("a task run, failed when a table is stale"),
        Feature.FRESHNESS_ALERT: native("a task run, in the state `Stale` when a table is"),
        Feature.PYTHON: native("a call in a task"),
        Feature.SHELL: native("`subprocess.run` in a task, without a shell"),
        Feature.HTTP: native("a request by httpx in an async task"),
        Feature.HTTP_EXPECT: emulated("a look at the answer's status"),
        Feature.DBT_CLOUD: emulated(
            "a run of the job, started, watched and, if the task ends before or the flow run is "
            "cancelled, cancelled by httpx; a retry goes on where the run failed, unless the task "
            "has `steps_override`"
        ),
        Feature.PIPELINE_OWNER: emulated("the tag `owner:<name>` of the deployment"),
        Feature.PIPELINE_TAGS: native(
            "the deployment's `tags`, where `{{ x }}` is written `{ { x }}`: Prefect would fill it"
        ),
        Feature.PIPELINE_DESCRIPTION: native(
            "the flow's `description`, and so the deployment's: there as in `pipeline.tags`"
        ),
        Feature.TASK_OWNER: emulated(
            "the tag `owner:<name>` of the task, unless the deployment has the same one"
        ),
        Feature.TASK_TAGS: native("the task's `tags`"),
        Feature.TASK_DESCRIPTION: native("the task's `description`"),
    },
    templates=resource("templates") / "prefect",
    plan=plan,
    plan_project=plan_project,
)
