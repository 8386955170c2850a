"""What a back end offers, as data, held against what a pipeline needs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipegen import problems
from pipegen.diagnostics import Diagnostic
from pipegen.ir import Dbt, Node, Pipeline, Task


class Feature(StrEnum):
    """Something a specification can ask for that a back end may lack.

    The value is where it is written in the YAML.
    """

    CRON = "schedule.cron"
    SKIPPED_TIME = "schedule.cron (a time that the clocks skip)"
    REPEATED_TIME = "schedule.cron (a time that comes twice when the clocks change)"
    REPEATED_HOUR = "schedule.cron (every hour, of which one comes twice)"
    HOURS_OF_DAYS = "schedule.cron (every hour of some days, where clocks change)"
    TIMEZONE = "schedule.timezone"
    START = "schedule.start"
    CATCHUP = "schedule.catchup"
    AFTER = "schedule.after"
    ON_UPDATE = "schedule.on_update"
    OVERLAP_UNSAID = "schedule.overlap, left out"
    OVERLAP_SKIP = "schedule.overlap: skip"
    OVERLAP_QUEUE = "schedule.overlap: queue"
    OVERLAP_ALLOW = "schedule.overlap: allow"
    DISABLED = "schedule.enabled: false"
    PARTITION = "partition"
    RUN_TIMEOUT = "timeout"
    MAX_PARALLEL = "max_parallel"
    PARAMS = "params"
    RETRIES = "task.retries"
    BACKOFF = "task.retries.backoff: exponential"
    TIMEOUT = "task.timeout"
    TIMEOUT_IN_PROCESS = "task.timeout (dbt and python)"
    RUN_IF = "task.run_if"
    ALLOW_FAILURE = "task.allow_failure"
    POOL = "task.pool"
    WAIT_FOR = "task.wait_for"
    OUTPUTS = "python.outputs"
    CHECK = "checks"
    CHECK_SKIPS_JOIN = "checks (if_false: skip, above a task that waits for others too)"
    CHECK_SKIPS_DBT = "checks (if_false: skip, above a dbt node or group that waits for others too)"
    FRESHNESS_BLOCK = "source.freshness.on_stale: block"
    FRESHNESS_ALERT = "source.freshness.on_stale: alert"
    DBT_STEP = "transform.granularity: step"
    DBT_MODEL = "transform.granularity: model"
    DBT_LINEAGE = "transform.granularity: lineage"
    DBT_EXPAND = "transform.expand: runtime"
    DBT_EXPAND_TESTS = "transform.expand: runtime (tests that read other nodes too)"
    DBT_EXPAND_UNIT_TESTS = "transform.expand: runtime (unit tests)"
    DBT_EXPAND_FUNCTIONS = "transform.expand: runtime (functions)"
    DBT_EXPAND_STORED = "transform.expand: runtime (and store_failures)"
    DBT_EXPAND_DECIDED = "transform.expand: runtime (where a run_if or a skip decides)"
    DBT_EXPAND_PARTS = "transform.expand: runtime (that may fail, or before run_if: one_success)"
    DBT_TESTS_AFTER_ALL = "transform.tests: after_all"
    DBT_TESTS_NONE = "transform.tests: none"
    DBT_COMMAND = "transform.command"
    DBT_DOCS = "transform.command: docs"
    DBT_SELECTOR = "transform.selector"
    DBT_NO_TARGET = "dbt.projects.target (left out)"
    DBT_TARGETS = "transform.target (several of one project)"
    DBT_VARS = "transform.vars"
    DBT_ENV = "transform.env"
    DBT_FULL_REFRESH = "transform.full_refresh"
    DBT_THREADS = "transform.threads"
    DBT_STORE_FAILURES = "transform.store_failures"
    DBT_DEFER = "transform.defer"
    DBT_INSTALL_DEPS = "dbt.projects.install_deps"
    PYTHON = "kind: python"
    SHELL = "kind: shell"
    SHELL_SCRIPT = "shell.script"
    HTTP = "kind: http"
    HTTP_EXPECT = "http.expect"
    SQL = "kind: sql"
    AIRBYTE = "kind: airbyte"
    FIVETRAN = "kind: fivetran"
    HIGHTOUCH = "kind: hightouch"
    CENSUS = "kind: census"
    DBT_CLOUD = "kind: dbt_cloud"
    SECRET_STORE = "secrets: connection or block"
    RUN_ID = "{{ run.id }}"
    RUN_WINDOW = "{{ run.start }}"
    FORMAT = "format()"
    SLA_READY_BY = "sla.ready_by"
    SLA_MAX_AGE = "sla.max_age"
    SLA_MAX_DURATION = "sla.max_duration"
    NOTIFY_FAILURE = "notifications.on_failure"
    NOTIFY_SUCCESS = "notifications.on_success"
    PIPELINE_OWNER = "pipeline.owner"
    PIPELINE_TAGS = "pipeline.tags"
    PIPELINE_DESCRIPTION = "pipeline.description"
    TASK_OWNER = "task.owner"
    TASK_TAGS = "task.tags"
    TASK_DESCRIPTION = "task.description"

    @property
    def key(self) -> str:
        """What `accept` calls it."""
        return self.value.partition(" (")[0]


class Level(StrEnum):
    """How well a back end supports a feature."""

    NATIVE = "native"
    EMULATED = "emulated"
    DEGRADED = "degraded"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Support:
    """A level, a sentence on how, and for `degraded` what differs."""

    level: Level
    how: str
    differs: str = ""


def native(how: str) -> Support:
    """The orchestrator has this feature."""
    return Support(Level.NATIVE, how)


def emulated(how: str) -> Support:
    """Generated code provides this feature, with the same meaning."""
    return Support(Level.EMULATED, how)


def degraded(how: str, differs: str) -> Support:
    """Part of the meaning is lost: a warning that says what differs."""
    return Support(Level.DEGRADED, how, differs)


def unsupported(why: str) -> Support:
    """Using this feature is an error for this back end; `why` says what to do instead."""
    return Support(Level.UNSUPPORTED, why)


Capabilities = Mapping[Feature, Support]

UNDECLARED = unsupported("this back end does not declare it")

_LATER = unsupported("pipegen does not write it for this back end yet: leave it out")
NOT_YET: Capabilities = dict.fromkeys(
    (
        *(Feature.AFTER, Feature.ON_UPDATE, Feature.PARTITION, Feature.WAIT_FOR, Feature.OUTPUTS),
        *(Feature.SHELL_SCRIPT, Feature.SQL, Feature.AIRBYTE, Feature.FIVETRAN),
        *(Feature.HIGHTOUCH, Feature.CENSUS, Feature.SECRET_STORE, Feature.RUN_ID),
        *(Feature.RUN_WINDOW, Feature.SLA_READY_BY, Feature.SLA_MAX_AGE, Feature.SLA_MAX_DURATION),
        *(Feature.NOTIFY_FAILURE, Feature.NOTIFY_SUCCESS),
    ),
    _LATER,
)
"""What the language has and none of the built-in back ends writes yet."""


def check(
    needs: Iterable[tuple[Feature, Node]],
    backend: str,
    offered: Capabilities,
    accepted: Collection[str] = (),
) -> Iterator[Diagnostic]:
    """Yield an error for each feature `backend` lacks and a warning for each it degrades.

    A feature is reported once, where it is used first, and no degraded one that was
    `accepted`. `needs` is what `pipegen.features.required` says of a pipeline.
    """
    seen: set[Feature] = set()
    for feature, node in needs:
        support = offered.get(feature, UNDECLARED)
        if feature in seen:
            continue
        seen.add(feature)
        if support.level is Level.UNSUPPORTED:
            yield problems.unsupported(backend, feature, support.how, node.span)
        elif support.level is Level.DEGRADED and feature.key not in accepted:
            yield problems.degraded(backend, feature, support.differs, node.span, feature.key)


def acceptable(offered: Capabilities) -> frozenset[str]:
    """Return what a pipeline may accept of a back end: what that keeps only a part of."""
    found = (f.key for f, support in offered.items() if support.level is Level.DEGRADED)
    return frozenset(found)


def clashes(pipelines: Iterable[Pipeline], backend: str) -> Iterator[tuple[Pipeline, Diagnostic]]:
    """Yield an error, and the pipeline it is for, for each that makes a table of an earlier one."""
    first: dict[tuple[str, str], tuple[Pipeline, Task]] = {}
    for pipeline in pipelines:
        for task in pipeline.tasks:
            for key, name in _made(task):
                other, maker = first.setdefault(key, (pipeline, task))
                if other is not pipeline:
                    problem = problems.built_twice(backend, name, other.name, task.span, maker.span)
                    yield pipeline, problem


def _made(task: Task) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the tables a task builds: what tells them apart, and their names."""
    if isinstance(task.action, Dbt):
        for node in task.action.nodes:
            yield (task.action.project.name, node.unique_id), node.name
