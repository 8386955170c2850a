"""The intermediate representation: what a pipeline means, whichever orchestrator runs it.

Every value is resolved: no default left to fill, no name left to look up. Nodes are frozen
and compare by meaning; `span` records where a node was written and takes no part in
equality. Nothing here names an orchestrator, YAML or pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from pathlib import PurePosixPath

from pipegen.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything a person wrote in the specification."""

    span: Span = field(compare=False, repr=False)


# Values: what an argument of an action may be. Plain scalars stand for themselves.


@dataclass(frozen=True, slots=True)
class Env:
    """The environment variable `name`, read when the task runs."""

    name: str


class RunField(StrEnum):
    """A fact about the run, known when it starts."""

    DATE = "run.date"


@dataclass(frozen=True, slots=True)
class RunValue:
    """A fact about the run, as text. A date is written `YYYY-MM-DD`, in the schedule's timezone."""

    field: RunField


@dataclass(frozen=True, slots=True)
class Text:
    """Text put together at run time; at least one part is not a plain string."""

    parts: tuple[str | Env | RunValue, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of names to values, in the order written."""

    items: tuple[tuple[str, Value], ...]


Value = None | bool | int | float | str | Env | RunValue | Text | Items | Fields


def leaves(value: Value) -> Iterator[bool | int | float | str | Env | RunValue | None]:
    """Yield the scalars and references a value is made of."""
    match value:
        case Text(parts):
            yield from parts
        case Items(items):
            for item in items:
                yield from leaves(item)
        case Fields(items):
            for _, item in items:
                yield from leaves(item)
        case _:
            yield value


# Actions: what a task does. Every kind of the language is one of these.


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtProject(Node):
    """A dbt project. Paths are relative to the root of the pipegen project.

    `runtime_dir` says where the project lies when the task runs, if not in the same checkout.
    """

    name: str
    package: str
    profile: str
    dir: PurePosixPath
    profiles_dir: PurePosixPath
    target: str | None = None
    runtime_dir: Value = None


class IndirectSelection(StrEnum):
    """Which tests come with a selected node: dbt's own words."""

    EAGER = "eager"
    CAUTIOUS = "cautious"
    BUILDABLE = "buildable"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtNode:
    """A dbt node that a task builds: its `unique_id`, and its name and resource type in dbt."""

    unique_id: str
    name: str
    resource_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtTest:
    """A dbt test that a task runs. Only an error-severity test (`blocks`) can fail the task."""

    unique_id: str
    name: str
    blocks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dbt(Node):
    """One dbt invocation: `dbt <command> --select … --exclude … --indirect-selection …`.

    `nodes` and `tests` are what it runs according to the lock. Each item of `select` and
    `exclude` is one argument of dbt's option.
    """

    project: DbtProject
    command: str
    select: tuple[str, ...]
    exclude: tuple[str, ...] = ()
    indirect_selection: IndirectSelection = IndirectSelection.EAGER
    nodes: tuple[DbtNode, ...] = ()
    tests: tuple[DbtTest, ...] = ()

    @property
    def expected(self) -> tuple[str, ...]:
        """The unique ids dbt must have run, or the project is not the one the lock was made of.

        These are the nodes or, where there is none, the tests.
        """
        return tuple(item.unique_id for item in self.nodes or self.tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Python(Node):
    """A call of `function` in `module`, with keyword arguments."""

    module: str
    function: str
    args: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell(Node):
    """A command, run without a shell; `env` is added to the environment it inherits."""

    command: tuple[Value, ...]
    env: Fields
    cwd: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(Node):
    """One HTTP request; any status outside 200-299 is a failure.

    `token` is sent as a bearer token, `body` as JSON.
    """

    method: str
    url: Value
    headers: Fields
    query: Fields
    body: Value = None
    token: Env | None = None


Action = Dbt | Python | Shell | Http


class Stage(StrEnum):
    """Which section of the specification a task comes from."""

    SOURCE = "source"
    TRANSFORM = "transform"
    ACTIVATION = "activation"


class Reason(StrEnum):
    """Why a task waits for another."""

    LOADS = "loads"
    LINEAGE = "lineage"
    READS = "reads"
    TEST = "test"
    DEPENDS_ON = "depends_on"


@dataclass(frozen=True, slots=True, order=True)
class Dependency:
    """A task to wait for, and why: `detail` names the datasets or the test that say so."""

    task: str
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries(Node):
    """How often a failed task is tried again, and how long after."""

    count: int = 0
    delay: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Node):
    """One unit of work. `group` is the transform a task of one dbt node belongs to.

    `loads` are the dbt source tables it fills and `reads` the dbt nodes an activation uses,
    both as dbt's unique ids where a project knows them.
    """

    name: str
    stage: Stage
    action: Action
    dependencies: tuple[Dependency, ...] = ()
    retries: Retries
    timeout: timedelta | None = None
    owner: str | None = None
    tags: tuple[str, ...] = ()
    description: str = ""
    group: str | None = None
    loads: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    @property
    def upstream(self) -> tuple[str, ...]:
        """The names of the tasks it waits for, each once, sorted."""
        return tuple(sorted({dependency.task for dependency in self.dependencies}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Node):
    """The instants a pipeline runs at: a cron expression of five fields in a timezone."""

    cron: str
    timezone: str
    start: date | None = None
    catchup: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Node):
    """A whole pipeline, its tasks in topological order."""

    name: str
    source: str
    description: str = ""
    owner: str | None = None
    tags: tuple[str, ...] = ()
    schedule: Schedule | None = None
    tasks: tuple[Task, ...] = ()

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
