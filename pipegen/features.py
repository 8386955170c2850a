"""Which features a pipeline uses: what a back end must offer to be written for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipegen import ir, semantics
from pipegen.capabilities import Feature
from pipegen.clocks import clocks

Needs = Iterator[tuple[Feature, ir.Node]]

_OVERLAPS = {
    None: Feature.OVERLAP_UNSAID,
    ir.Overlap.SKIP: Feature.OVERLAP_SKIP,
    ir.Overlap.QUEUE: Feature.OVERLAP_QUEUE,
    ir.Overlap.ALLOW: Feature.OVERLAP_ALLOW,
}
_CLOCKS = {
    "skipped": Feature.SKIPPED_TIME,
    "repeated": Feature.REPEATED_TIME,
    "hourly": Feature.REPEATED_HOUR,
    "of_days": Feature.HOURS_OF_DAYS,
}
_SERVICES = {
    "airbyte": Feature.AIRBYTE,
    "fivetran": Feature.FIVETRAN,
    "hightouch": Feature.HIGHTOUCH,
    "census": Feature.CENSUS,
    "dbt_cloud": Feature.DBT_CLOUD,
}
_GRANULARITIES = {
    ir.Granularity.MODEL: Feature.DBT_MODEL,
    ir.Granularity.STEP: Feature.DBT_STEP,
    ir.Granularity.LINEAGE: Feature.DBT_LINEAGE,
}
_KINDS = {ir.Python: Feature.PYTHON, ir.Sql: Feature.SQL, ir.Wait: Feature.WAIT_FOR}
_FRESHNESS = {
    ir.OnStale.BLOCK: Feature.FRESHNESS_BLOCK,
    ir.OnStale.ALERT: Feature.FRESHNESS_ALERT,
}
_RUN_FIELDS = {
    ir.RunField.ID: Feature.RUN_ID,
    ir.RunField.START: Feature.RUN_WINDOW,
    ir.RunField.END: Feature.RUN_WINDOW,
}


def required(pipeline: ir.Pipeline) -> Needs:
    """Yield each feature the pipeline uses, with the node that uses it."""
    if pipeline.schedule:
        yield from ((feature, pipeline.schedule) for feature in _of_schedule(pipeline.schedule))
    facts = {
        Feature.PARTITION: pipeline.partition,
        Feature.RUN_TIMEOUT: pipeline.timeout,
        Feature.MAX_PARALLEL: pipeline.max_parallel,
        Feature.PIPELINE_OWNER: pipeline.owner,
        Feature.PIPELINE_TAGS: pipeline.tags,
        Feature.PIPELINE_DESCRIPTION: pipeline.description,
    }
    yield from ((feature, pipeline) for feature, fact in facts.items() if fact)
    for param in pipeline.params:
        yield Feature.PARAMS, param
        yield from ((feature, param) for feature in _of_value(param.default))
    for task in pipeline.tasks:
        yield from ((feature, task) for feature in _of_task(task))
    yield from _of_skips(pipeline)
    yield from _of_governed(pipeline)
    yield from _of_targets(pipeline)
    yield from _around(pipeline)


def _of_schedule(schedule: ir.Schedule) -> Iterator[Feature]:
    if schedule.cron:
        yield Feature.CRON
    if schedule.after:
        yield Feature.AFTER
    if schedule.on_update:
        yield Feature.ON_UPDATE
    yield Feature.TIMEZONE
    if schedule.start:
        yield Feature.START
    if schedule.catchup:
        yield Feature.CATCHUP
    if schedule.cron:
        met = clocks(schedule.cron, schedule.timezone)
        yield from (feature for name, feature in _CLOCKS.items() if getattr(met, name))
        yield _OVERLAPS[schedule.overlap]
    if not schedule.enabled:
        yield Feature.DISABLED


def _of_task(task: ir.Task) -> Iterator[Feature]:
    yield from _of_action(task.action)
    in_process = isinstance(task.action, ir.Dbt | ir.Freshness | ir.Python)
    timeout = Feature.TIMEOUT_IN_PROCESS if in_process else Feature.TIMEOUT
    facts = {
        Feature.RETRIES: task.retries.count,
        Feature.BACKOFF: task.retries.backoff is ir.Backoff.EXPONENTIAL,
        timeout: task.timeout,
        Feature.RUN_IF: task.run_if is not ir.RunIf.ALL_SUCCESS,
        Feature.ALLOW_FAILURE: task.allow_failure,
        Feature.POOL: task.pool,
        Feature.OUTPUTS: task.outputs,
        Feature.CHECK: task.if_false,
        Feature.TASK_OWNER: task.owner,
        Feature.TASK_TAGS: task.tags,
        Feature.TASK_DESCRIPTION: task.description,
    }
    yield from (feature for feature, fact in facts.items() if fact)


def _of_action(action: ir.Action) -> Iterator[Feature]:
    match action:
        case ir.Dbt():
            yield from _of_dbt(action)
        case ir.Freshness(on_stale=on_stale):
            yield _FRESHNESS[on_stale]
        case ir.Shell(script=script):
            yield Feature.SHELL_SCRIPT if script else Feature.SHELL
        case ir.Http(expect=expect):
            yield Feature.HTTP
            if expect != ("2xx",):
                yield Feature.HTTP_EXPECT
        case ir.RemoteJob(service=service):
            yield _SERVICES[service]
        case _:
            yield _KINDS[type(action)]
    if isinstance(action, ir.Dbt | ir.Freshness) and action.project.install_deps:
        yield Feature.DBT_INSTALL_DEPS
    for value in ir.values(action):
        yield from _of_value(value)


def _of_dbt(action: ir.Dbt) -> Iterator[Feature]:
    yield Feature.DBT_EXPAND if action.is_expanded else _GRANULARITIES[action.granularity]
    facts = {
        Feature.DBT_COMMAND: action.command not in ("build", "test") or _is_step(action),
        Feature.DBT_DOCS: action.command == "docs",
        Feature.DBT_SELECTOR: action.selector,
        Feature.DBT_TESTS_AFTER_ALL: action.run_tests is ir.RunTests.AFTER_ALL,
        Feature.DBT_TESTS_NONE: action.run_tests is ir.RunTests.NONE,
        Feature.DBT_VARS: action.vars.items,
        Feature.DBT_ENV: action.env.items,
        Feature.DBT_FULL_REFRESH: action.full_refresh is not False,
        Feature.DBT_THREADS: action.threads,
        Feature.DBT_STORE_FAILURES: action.store_failures,
        Feature.DBT_DEFER: action.state_dir,
    }
    yield from (feature for feature, fact in facts.items() if fact)
    if action.is_expanded:
        yield from _of_expanded(action)


def _of_expanded(action: ir.Dbt) -> Iterator[Feature]:
    """Yield what dbt does for a selection, and not every tool that makes tasks of one."""
    built = {node.unique_id for node in action.nodes}
    read = {parent for test in action.tests for parent in test.parents}
    if any(not key.startswith("source.") for key in read - built):
        yield Feature.DBT_EXPAND_TESTS
    if any(test.unique_id.startswith("unit_test.") for test in action.tests):
        yield Feature.DBT_EXPAND_UNIT_TESTS
    if any(node.resource_type == "function" for node in action.nodes):
        yield Feature.DBT_EXPAND_FUNCTIONS
    if action.store_failures:
        yield Feature.DBT_EXPAND_STORED


def _of_skips(pipeline: ir.Pipeline) -> Needs:
    """Yield the tasks that a check may have skipped although another that they wait for fails."""
    skipped = semantics.skippable(pipeline.tasks)
    anyhow = semantics.skippable(pipeline.tasks, by_checks=False)
    for task in pipeline.tasks:
        if semantics.is_torn(task, skipped) and not semantics.is_torn(task, anyhow):
            is_node = isinstance(task.action, ir.Dbt) and task.group
            yield Feature.CHECK_SKIPS_DBT if is_node else Feature.CHECK_SKIPS_JOIN, task


def _of_governed(pipeline: ir.Pipeline) -> Needs:
    """Yield what a tool's tasks have to be one for: what decides by how a transform ended.

    A decision reaches all that is connected to it, since one task may tell its end to several.
    """
    tasks = {task.name: task for task in pipeline.tasks}
    near: dict[str, set[str]] = {name: set() for name in tasks}
    for before, after in pipeline.edges():
        near[before].add(after)
        near[after].add(before)
    for task in pipeline.tasks:
        if not isinstance(task.action, ir.Dbt) or not task.action.is_expanded:
            continue
        if any(_decides(tasks[name]) for name in _connected(task.name, near)):
            yield Feature.DBT_EXPAND_DECIDED, task
        readers = (other for other in pipeline.tasks if task.name in other.upstream)
        if task.allow_failure or any(t.run_if is ir.RunIf.ONE_SUCCESS for t in readers):
            yield Feature.DBT_EXPAND_PARTS, task


def _decides(task: ir.Task) -> bool:
    governs = task.run_if is not ir.RunIf.ALL_SUCCESS or task.allow_failure
    return governs or task.if_false is ir.IfFalse.SKIP


def _connected(name: str, near: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [name]
    while ahead:
        at = ahead.pop()
        if at not in found:
            found.add(at)
            ahead.extend(near[at])
    return found


def _is_step(action: ir.Dbt) -> bool:
    """Whether a transform says itself that it only tests: else that is how its tests run."""
    return (
        action.command == "test"
        and action.granularity is ir.Granularity.STEP
        and action.run_tests is ir.RunTests.AFTER_EACH
    )


def _of_value(value: ir.Value) -> Iterator[Feature]:
    for leaf in ir.leaves(value):
        match leaf:
            case ir.RunValue(field, format):
                if field in _RUN_FIELDS:
                    yield _RUN_FIELDS[field]
                if format:
                    yield Feature.FORMAT
            case ir.ParamValue(format=format):
                yield Feature.PARAMS
                if format:
                    yield Feature.FORMAT
            case ir.TaskOutput():
                yield Feature.OUTPUTS


def _of_targets(pipeline: ir.Pipeline) -> Needs:
    """Yield what uses a dbt project without a target, or with another than one before it."""
    first: dict[str, str | None] = {}
    for task in pipeline.tasks:
        if isinstance(task.action, ir.Dbt | ir.Freshness):
            project = task.action.project
            if project.target is None:
                yield Feature.DBT_NO_TARGET, project
            if first.setdefault(project.name, project.target) != project.target:
                yield Feature.DBT_TARGETS, task


def _around(pipeline: ir.Pipeline) -> Needs:
    for sla in pipeline.slas:
        limits = {
            Feature.SLA_READY_BY: sla.ready_by,
            Feature.SLA_MAX_AGE: sla.max_age,
            Feature.SLA_MAX_DURATION: sla.max_duration,
        }
        yield from ((feature, sla) for feature, limit in limits.items() if limit is not None)
    for notification in pipeline.notifications:
        failed = notification.on == "failure"
        yield Feature.NOTIFY_FAILURE if failed else Feature.NOTIFY_SUCCESS, notification
        yield from ((feature, notification) for feature in _of_value(notification.text))
