"""How Airflow keeps what governs a run, as data."""

from __future__ import annotations

from pipegen.capabilities import Capabilities, Feature, degraded, emulated, native

GOVERNS: Capabilities = {
    Feature.RUN_IF: emulated(
        "`trigger_rule`; where Airflow would decide before all upstream tasks have ended, a task "
        "`run_if-<name>` decides for it, and where a run could end well after a failure, a last "
        "task `run-watcher` fails it"
    ),
    Feature.ALLOW_FAILURE: emulated(
        "a last task `run-watcher` fails the run if any other task failed: Airflow itself asks "
        "the last tasks alone"
    ),
    Feature.CHECK: emulated(
        "a `@task` function that raises `AirflowFailException` or `AirflowSkipException`, or logs "
        "a warning"
    ),
    Feature.CHECK_SKIPS_JOIN: emulated(
        "a task `run_if-<name>` before that task decides once all it waits for has ended"
    ),
    Feature.CHECK_SKIPS_DBT: degraded(
        "Airflow's own rule decides, without a task `run_if-<name>` before each node",
        "the node is skipped as soon as one of the tasks it waits for is: it stays `skipped`, not "
        "`upstream_failed`, if another fails later; the run fails all the same",
    ),
    Feature.HTTP_EXPECT: native("the function raises on any other status"),
    Feature.BACKOFF: emulated(
        "a `RetryPolicy` of the file that knows the waits, since `retry_exponential_backoff` adds "
        "up to as much again; a try whose process is killed is waited for as before the first "
        "one, `retry_delay`"
    ),
    Feature.RUN_TIMEOUT: degraded(
        "`dagrun_timeout`, which the scheduler looks after",
        "the run fails, but a task that still runs then is stopped and `skipped`, not `failed`",
    ),
    Feature.MAX_PARALLEL: native(
        "`max_active_tasks`, counted in each run; tasks `run_if-<name>` and `run-watcher` count"
    ),
    Feature.POOL: native(
        "`pool`; `airflow pools import pools.json` makes the pools, without which Airflow starts "
        "none of their tasks"
    ),
    Feature.OVERLAP_UNSAID: native(
        "`max_active_runs=1`: when a run ends, the latest of those that came due meanwhile "
        "starts, and so does a run somebody started, which waits as well"
    ),
    Feature.OVERLAP_SKIP: degraded(
        "`max_active_runs=1`",
        "when a run ends, the latest of those that came due meanwhile starts instead of never, "
        "and so does a run somebody started by hand, which waits as well; with `catchup` all do",
    ),
    Feature.OVERLAP_QUEUE: degraded(
        "`max_active_runs=1`",
        "only the latest of the runs that come due while one runs waits, unless `catchup` is on, "
        "and a run somebody starts by hand waits as well",
    ),
    Feature.OVERLAP_ALLOW: native(
        "`max_active_runs=16`, Airflow's own default; it knows no value for any number"
    ),
    Feature.DISABLED: degraded(
        "`is_paused_upon_creation=True`",
        "Airflow reads it when it first sees the DAG: one that it knows stays switched on or off "
        "as it is there; while it is off, a run started by hand waits too",
    ),
}
"""What the DAG files say of when tasks and runs start, and how they end."""
