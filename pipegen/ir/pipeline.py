"""A pipeline: its tasks, when it runs, and who is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum

from pipegen.ir.actions import Action
from pipegen.ir.values import Fields, Node, Value


class Stage(StrEnum):
    """Which section of the specification a task comes from."""

    SOURCE = "source"
    FRESHNESS = "freshness"
    TRANSFORM = "transform"
    CHECK = "check"
    ACTIVATION = "activation"
    WAIT = "wait"


class Reason(StrEnum):
    """Why a task waits for another."""

    LOADS = "loads"
    FRESHNESS = "freshness"
    LINEAGE = "lineage"
    READS = "reads"
    TEST = "test"
    DEPENDS_ON = "depends_on"
    OUTPUT = "output"
    WAIT_FOR = "wait_for"


class RunIf(StrEnum):
    """When a task runs, once all it waits for has ended: see `semantics`."""

    ALL_SUCCESS = "all_success"
    NONE_FAILED = "none_failed"
    ONE_SUCCESS = "one_success"
    ONE_FAILED = "one_failed"
    ANY_SKIPPED = "any_skipped"
    ALL_DONE = "all_done"


class IfFalse(StrEnum):
    """What a check that says no does: fail, have its readers skipped, or only warn."""

    FAIL = "fail"
    SKIP = "skip"
    WARN = "warn"


class Backoff(StrEnum):
    """How the wait grows from try to try."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"


class Overlap(StrEnum):
    """What happens to a run that comes due while the one before it still runs."""

    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


class Partition(StrEnum):
    """The window of time a run is for."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True, order=True)
class Dependency:
    """A task to wait for, and why: `detail` names the datasets or the test that say so."""

    task: str
    reason: Reason
    detail: str = ""


_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries(Node):
    """How often a failed task is tried again, and how long after.

    With exponential backoff the delay doubles from try to try, up to `max_delay` or else a year.
    """

    count: int = 0
    delay: timedelta = timedelta(0)
    backoff: Backoff = Backoff.FIXED
    max_delay: timedelta | None = None

    @property
    def delays(self) -> tuple[timedelta, ...]:
        """How long to wait before each further try."""
        if self.backoff is Backoff.FIXED:
            return (self.delay,) * self.count
        longest = self.max_delay or _YEAR
        factors = (2**tried for tried in range(self.count))
        # compared before it is multiplied, which could be more than there is
        return tuple(longest if self.delay > longest / f else self.delay * f for f in factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool(Node):
    """What only so many tasks may use at once, whichever pipelines they are of."""

    name: str
    slots: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Node):
    """One unit of work. `group` is the transform a task of one dbt node belongs to.

    `loads` are the dbt source tables it fills and `reads` the dbt nodes an activation uses,
    both as dbt's unique ids where a project knows them. `outputs` are the names of what a
    Python task gives out; a check has `if_false`.
    """

    name: str
    stage: Stage
    action: Action
    dependencies: tuple[Dependency, ...] = ()
    retries: Retries
    timeout: timedelta | None = None
    pool: Pool | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    group: str | None = None
    loads: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    run_if: RunIf = RunIf.ALL_SUCCESS
    allow_failure: bool = False
    if_false: IfFalse | None = None
    outputs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Where it is specified, as a path of keys."""
        if self.stage is Stage.FRESHNESS:
            return f"sources.{self.name.rpartition('_freshness')[0]}.freshness"
        return f"{self.stage}s.{self.group or self.name}"

    @property
    def upstream(self) -> tuple[str, ...]:
        """The names of the tasks it waits for, each once, sorted."""
        return tuple(sorted({dependency.task for dependency in self.dependencies}))


@dataclass(frozen=True, slots=True, kw_only=True)
class OnUpdate(Node):
    """Datasets whose update starts a run: any of them, or `every` one since the last run."""

    datasets: tuple[str, ...]
    every: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Node):
    """What starts a run: one of a cron expression, other pipelines' success, and new data.

    A cron expression has five fields, which are read in `timezone`. Without `overlap` no two
    scheduled runs go on at once, and the later one waits or is dropped.
    """

    cron: str | None = None
    after: tuple[str, ...] = ()
    on_update: OnUpdate | None = None
    timezone: str
    start: date | None = None
    catchup: bool = False
    overlap: Overlap | None = None
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Param(Node):
    """A parameter of a run: `type` is a JSON Schema type or `date`."""

    name: str
    type: str
    default: Value = None
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel(Node):
    """Where people are told: its settings hold secrets as `Env`s."""

    name: str
    kind: str
    settings: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification(Node):
    """A message sent when a run ends: `on` is `failure` or `success`."""

    on: str
    channel: Channel
    text: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sla(Node):
    """A promise about datasets or tasks, watched from outside the run; one limit is given.

    `ready_by` is a time of day in the schedule's timezone; `max_age` counts from the last
    success of the task that builds; `max_duration` is the time the tasks may take.
    """

    name: str
    datasets: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    ready_by: time | None = None
    max_age: timedelta | None = None
    max_duration: timedelta | None = None
    severity: str = "warn"
    notify: tuple[Channel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Node):
    """A whole pipeline, its tasks in topological order.

    `timeout` is how long a run may take, `max_parallel` how many of its tasks run at once.
    """

    name: str
    source: str
    description: str = ""
    owner: str | None = None
    tags: tuple[str, ...] = ()
    schedule: Schedule | None = None
    partition: Partition | None = None
    timeout: timedelta | None = None
    max_parallel: int | None = None
    params: tuple[Param, ...] = ()
    tasks: tuple[Task, ...] = ()
    slas: tuple[Sla, ...] = ()
    notifications: tuple[Notification, ...] = ()

    def task(self, name: str) -> Task:
        """Return the task called `name`; raise KeyError if there is none."""
        for task in self.tasks:
            if task.name == name:
                return task
        raise KeyError(name)

    def edges(self) -> Iterator[tuple[str, str]]:
        """Yield each pair (upstream, downstream) once."""
        for task in self.tasks:
            for upstream in task.upstream:
                yield upstream, task.name

    @property
    def timezone(self) -> str:
        """The timezone `run.date` is told in."""
        return self.schedule.timezone if self.schedule else "UTC"
