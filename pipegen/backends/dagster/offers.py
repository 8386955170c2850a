"""How Dagster keeps each feature."""

from __future__ import annotations

from pipegen.capabilities import (
    NOT_YET,
    Capabilities,
    Feature,
    degraded,
    emulated,
    native,
    unsupported,
)

_EXPANDED = unsupported(
    "the step would have to tell how it ended in an asset of its own, for which `@dbt_assets` has "
    "no room: leave `expand` out, so that pipegen writes the step"
)
_TOLD = degraded(
    "the check, what waits for it and what is between tell how they ended in assets "
    "`<pipeline>/<task>/state`, by which they decide",
    "the steps of what is skipped are green: their `state` tells",
)

CAPABILITIES: Capabilities = {
    **NOT_YET,
    Feature.CRON: native("a `ScheduleDefinition`, running by default"),
    Feature.SKIPPED_TIME: degraded(
        "Dagster's own way of reading the expression",
        "the one run for all that an hour would have had starts as soon as the clocks are set "
        "forward",
    ),
    Feature.REPEATED_TIME: native("the second counts"),
    Feature.REPEATED_HOUR: native("runs are made in both"),
    Feature.HOURS_OF_DAYS: native("the hours of the days that are named"),
    Feature.TIMEZONE: native("its `execution_timezone`"),
    Feature.START: emulated("its `should_execute` skips the instants before that day"),
    Feature.CATCHUP: unsupported(
        "Dagster makes up for the latest missed instant only: write `catchup: false` and start the "
        "missed runs by hand, each with its day as the tag `run_date`"
    ),
    Feature.PARAMS: native(
        "fields of the resource `<pipeline>_params`, which Dagster checks when a run starts; "
        "one of a name that Python or a resource keeps for itself ends with `_`"
    ),
    Feature.RETRIES: native("a `RetryPolicy` of the step"),
    Feature.BACKOFF: emulated("a `RetryPolicy` with waits of its own: Dagster's grow faster"),
    Feature.OVERLAP_UNSAID: emulated(
        "as `overlap: skip`, and a run that somebody starts goes on beside any other"
    ),
    Feature.OVERLAP_SKIP: emulated(
        "its `should_execute` skips an instant at which a run of the job has not ended"
    ),
    Feature.OVERLAP_QUEUE: degraded(
        "Dagster's queue of runs, by the tag `dagster/schedule_name` of what a schedule starts",
        "runs wait for each other only if the instance's `tag_concurrency_limits` say so: the file "
        "has them above its job",
    ),
    Feature.OVERLAP_ALLOW: native("a schedule starts a run whatever else runs"),
    Feature.DISABLED: native("`DefaultScheduleStatus.STOPPED`, until somebody turns it on"),
    Feature.RUN_TIMEOUT: degraded(
        "the tag `dagster/max_runtime` of the job",
        "a run is ended only if the instance has `run_monitoring`, and up to two minutes late, as "
        "failed or as canceled; its steps that had not started are not shown as skipped",
    ),
    Feature.MAX_PARALLEL: emulated("a run is one process, with one step at a time"),
    Feature.POOL: degraded(
        "a `pool` of the step",
        "a limit is the instance's: there is none until `dagster instance concurrency set` has "
        "told it, as the file says above its job",
    ),
    Feature.RUN_IF: degraded(
        "each step tells how it ended in an asset `<pipeline>/<task>/state`, on which those after "
        "it depend, and by which they decide; a last step, `verdict`, fails the run",
        "of what a `run_if` watches, the step of a failed task is green, as is that of one which "
        "did not run: its `state` tells; *From failure* repeats the `verdict` alone, *From asset "
        "failure* the tasks",
    ),
    Feature.ALLOW_FAILURE: degraded(
        "its step tells how it ended in an asset `<pipeline>/<task>/state`",
        "the step of a task that failed, and may, is green, as are those it holds back: their "
        "`state` tells, and the error is in the log of the run",
    ),
    Feature.CHECK: native(
        "an asset that is left out if the answer is no, so that its readers are skipped, or a step "
        "that fails without a retry, or warns in the log"
    ),
    Feature.CHECK_SKIPS_JOIN: _TOLD,
    Feature.CHECK_SKIPS_DBT: _TOLD,
    Feature.HTTP_EXPECT: native("the step fails for any other status"),
    Feature.TIMEOUT: emulated(
        "`subprocess.run`, httpx (for each wait on the server) and the client of dbt Cloud are "
        "given it"
    ),
    Feature.TIMEOUT_IN_PROCESS: degraded(
        "a step is a call in the run's process, which Dagster does not interrupt",
        "a dbt or Python task is not stopped when its timeout is over",
    ),
    Feature.DBT_STEP: native(
        "`@dbt_assets` and dbt's command line; a group of nodes where steps decide for themselves"
    ),
    Feature.DBT_MODEL: native("an asset with checks for each node; dbt runs in process"),
    Feature.DBT_EXPAND: degraded(
        "`@dbt_assets` and dbt's command line, of what is in the manifest when the file loads",
        "nothing is checked against the lock: nodes that are gone are not missed, and new ones "
        "are assets with the keys that dagster-dbt gives them; readers depend on all assets "
        "of the transform; a retry builds the whole selection again; each transform selects "
        "again at each load, which reads the manifest and takes a graph of it",
    ),
    Feature.DBT_EXPAND_TESTS: native("dbt runs it in the same invocation"),
    Feature.DBT_EXPAND_UNIT_TESTS: native("dbt runs them in the same invocation"),
    Feature.DBT_EXPAND_FUNCTIONS: native("dbt builds them, without an asset"),
    Feature.DBT_EXPAND_STORED: native("`--store-failures`"),
    Feature.DBT_EXPAND_DECIDED: _EXPANDED,
    Feature.DBT_EXPAND_PARTS: _EXPANDED,
    Feature.FORMAT: native("`strftime` of the day of the run"),
    Feature.DBT_TESTS_NONE: native("dbt leaves tests and unit tests out of what it builds"),
    Feature.DBT_TESTS_AFTER_ALL: native("one `dbt test`, for which all readers wait"),
    Feature.DBT_LINEAGE: native("one multi-asset with checks for the nodes of a group"),
    Feature.DBT_COMMAND: native("`@dbt_assets` for what builds tables, else an asset"),
    Feature.DBT_DOCS: native("an asset of `dbt docs generate`"),
    Feature.DBT_SELECTOR: native("`selector` of `@dbt_assets`"),
    Feature.DBT_NO_TARGET: native("no `--target`: dbt takes the one of the profile"),
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
    Feature.PIPELINE_OWNER: emulated("metadata of the job: its own `owners` are in beta"),
    Feature.PIPELINE_TAGS: native("tags of the job; metadata where Dagster takes no such tag"),
    Feature.PIPELINE_DESCRIPTION: native("the job's description"),
    Feature.TASK_OWNER: native("an owner of the assets: an address, or a team"),
    Feature.TASK_TAGS: native("tags of the assets; metadata where Dagster takes no such tag"),
    Feature.TASK_DESCRIPTION: native(
        "the assets' description; for a dbt selection, metadata beside dbt's descriptions"
    ),
}
