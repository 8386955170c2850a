"""What a headless script keeps, as data."""

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

_FACT = native("an entry of the script's `PIPELINE`, printed by `--list`")
_FIELD = native("a field of the task's entry in the script, printed by `--list`")
_CLOCKS = degraded(
    "who starts the script reads the expression",
    "what cron or GitHub does when the clocks change is theirs, and not the same for all crons",
)
_DECIDED = emulated("decided in the script, once all before the task has ended")
_EXPANDED = unsupported("dbt itself runs it: leave it out, or write `granularity: step`")

CAPABILITIES: Capabilities = {
    **NOT_YET,
    Feature.CRON: emulated(
        "a line of `run/crontab.txt` and a GitHub workflow; put one of them where it counts"
    ),
    Feature.SKIPPED_TIME: _CLOCKS,
    Feature.REPEATED_TIME: _CLOCKS,
    Feature.REPEATED_HOUR: _CLOCKS,
    Feature.HOURS_OF_DAYS: _CLOCKS,
    Feature.TIMEZONE: emulated(
        "`CRON_TZ` (not every cron knows it), `timezone` of the workflow's schedule; `run.date` is "
        "today there"
    ),
    Feature.START: emulated("whoever installs the schedule starts doing so; `--list` prints it"),
    Feature.CATCHUP: degraded(
        "`--date` runs one day that was missed",
        "missed runs are not made up for by themselves: call the script with `--date`",
    ),
    Feature.PARAMS: emulated("`--param name=value`, read by its type; `--list` prints them"),
    Feature.OVERLAP_UNSAID: emulated(
        "as `overlap: skip`, and a run that somebody starts goes on beside any other"
    ),
    Feature.OVERLAP_SKIP: emulated(
        "`--scheduled` takes a lock on the script or ends at once; a GitHub workflow asks for its "
        "other runs first"
    ),
    Feature.OVERLAP_QUEUE: emulated(
        "`--scheduled` waits for a lock on the script; a GitHub workflow has a concurrency group"
    ),
    Feature.OVERLAP_ALLOW: native("nothing keeps two runs of the script apart"),
    Feature.DISABLED: emulated("its line in `crontab` is a comment, its workflow has no schedule"),
    Feature.RETRIES: emulated("the script starts another attempt after the delay"),
    Feature.BACKOFF: emulated("the delays are a list in the script"),
    Feature.TIMEOUT: emulated("the attempt's processes are interrupted, and killed 10 s later"),
    Feature.TIMEOUT_IN_PROCESS: emulated(
        "the attempt's process is interrupted, on which dbt cancels its queries, and killed 10 s "
        "later"
    ),
    Feature.RUN_TIMEOUT: emulated("what runs is interrupted, and what has not begun skipped"),
    Feature.RUN_IF: _DECIDED,
    Feature.CHECK_SKIPS_JOIN: _DECIDED,
    Feature.CHECK_SKIPS_DBT: _DECIDED,
    Feature.ALLOW_FAILURE: emulated("the script's exit code leaves the task out"),
    Feature.CHECK: emulated("the script asks a Python function for its answer, or for a status"),
    Feature.MAX_PARALLEL: emulated("the script starts no more processes at once"),
    Feature.POOL: degraded(
        "the script starts no more tasks of a pool at once",
        "the slots are those of one run: runs of other scripts, or of the same, have as many again",
    ),
    Feature.DBT_STEP: native("one `dbtRunner` invocation"),
    Feature.DBT_MODEL: native("a `dbtRunner` invocation for each node; parsed once"),
    Feature.DBT_EXPAND: _EXPANDED,
    Feature.DBT_EXPAND_TESTS: _EXPANDED,
    Feature.DBT_EXPAND_UNIT_TESTS: _EXPANDED,
    Feature.DBT_EXPAND_FUNCTIONS: _EXPANDED,
    Feature.DBT_EXPAND_STORED: _EXPANDED,
    Feature.DBT_EXPAND_DECIDED: _EXPANDED,
    Feature.DBT_EXPAND_PARTS: _EXPANDED,
    Feature.FORMAT: native("`strftime` of the day of the run"),
    Feature.DBT_TESTS_NONE: native("dbt leaves tests and unit tests out of what it builds"),
    Feature.DBT_TESTS_AFTER_ALL: native("one `dbt test`, for which all readers wait"),
    Feature.DBT_LINEAGE: native("one `dbtRunner` invocation for the nodes of a group"),
    Feature.DBT_COMMAND: native("a `dbtRunner` invocation of that command"),
    Feature.DBT_DOCS: native("a `dbtRunner` invocation of `dbt docs generate`"),
    Feature.DBT_SELECTOR: native("`--selector`"),
    Feature.DBT_NO_TARGET: native("no `--target`: dbt takes the one of the profile"),
    Feature.DBT_TARGETS: native("dbt's options for each target"),
    Feature.DBT_VARS: native("`--vars`, as one JSON argument"),
    Feature.DBT_ENV: emulated("added to the environment while dbt runs"),
    Feature.DBT_FULL_REFRESH: native("`--full-refresh`"),
    Feature.DBT_THREADS: native("`--threads`"),
    Feature.DBT_STORE_FAILURES: native("`--store-failures`"),
    Feature.DBT_DEFER: native("`--defer --state`"),
    Feature.DBT_INSTALL_DEPS: emulated("`dbt deps` before a run's first use of the project"),
    Feature.FRESHNESS_BLOCK: native("a task that fails when a table is stale"),
    Feature.FRESHNESS_ALERT: native("a task that prints which tables are stale"),
    Feature.PYTHON: native("a call in a process forked from the script"),
    Feature.SHELL: native("`subprocess.run`, without a shell"),
    Feature.HTTP: native("a request by httpx"),
    Feature.HTTP_EXPECT: native("the response's status is looked up"),
    Feature.DBT_CLOUD: emulated(
        "a run of the job, started, watched and, if the task ends before, cancelled by httpx; "
        "a retry goes on where the run failed, unless the task has `steps_override`"
    ),
    Feature.PIPELINE_OWNER: _FACT,
    Feature.PIPELINE_TAGS: _FACT,
    Feature.PIPELINE_DESCRIPTION: _FACT,
    Feature.TASK_OWNER: _FIELD,
    Feature.TASK_TAGS: _FIELD,
    Feature.TASK_DESCRIPTION: _FIELD,
}
