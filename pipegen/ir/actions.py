"""What a task does. Every kind of the language is one of these."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

from pipegen.ir.values import (
    Env,
    Fields,
    Items,
    Node,
    Reference,
    Text,
    Value,
    replaced,
)

NOTHING = Fields()


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(Node):
    """What a task connects to: its name and kind, and its settings, where secrets are `Env`s."""

    name: str
    kind: str
    settings: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtProject(Node):
    """A dbt project. Paths are relative to the root of the pipegen project.

    `runtime_dir` says where the project lies when the task runs, if not in the same checkout;
    `install_deps`, that its packages are installed there first. `manifest` is what dbt made of
    it, for tools that read it; without one it lies in the project's `target`.
    """

    name: str
    package: str
    profile: str
    dir: PurePosixPath
    profiles_dir: PurePosixPath
    target: str | None = None
    runtime_dir: Value = None
    install_deps: bool = False
    manifest: PurePosixPath | None = None


class IndirectSelection(StrEnum):
    """Which tests come with a selected node: dbt's own words."""

    EAGER = "eager"
    CAUTIOUS = "cautious"
    BUILDABLE = "buildable"
    EMPTY = "empty"


class Granularity(StrEnum):
    """How a selection is cut into tasks."""

    MODEL = "model"
    LINEAGE = "lineage"
    STEP = "step"


class Expand(StrEnum):
    """When a selection is made into the tasks an orchestrator runs: by pipegen, or by its tool."""

    COMPILE = "compile"
    RUNTIME = "runtime"


class RunTests(StrEnum):
    """When the tests of a selection run."""

    AFTER_EACH = "after_each"
    AFTER_ALL = "after_all"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtNode:
    """A dbt node that a task builds: its `unique_id`, and its name and resource type in dbt.

    `parents` are the nodes it reads of those the same task builds.
    """

    unique_id: str
    name: str
    resource_type: str
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DbtTest:
    """A dbt test that a task runs. Only an error-severity test (`blocks`) can fail the task.

    `parents` are the unique ids of what it tests.
    """

    unique_id: str
    name: str
    blocks: bool
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dbt(Node):
    """One dbt invocation: `dbt <command> --select … --exclude … --indirect-selection …`.

    `nodes` and `tests` are what it runs according to the lock. Each item of `select` and
    `exclude` is one argument of dbt's option; `selector` stands for both. `env` is added to
    the environment; `macro` is what `run-operation` runs, with `args`. `state_dir` holds the
    artefacts that nodes which are not selected are deferred to. What `expand` says is left to
    the runtime is built by the orchestrator's own tool for dbt, and is one task here.
    """

    project: DbtProject
    command: str
    select: tuple[str, ...]
    selector: str | None = None
    exclude: tuple[str, ...] = ()
    indirect_selection: IndirectSelection = IndirectSelection.EAGER
    nodes: tuple[DbtNode, ...] = ()
    tests: tuple[DbtTest, ...] = ()
    granularity: Granularity = Granularity.MODEL
    expand: Expand = Expand.COMPILE
    run_tests: RunTests = RunTests.AFTER_EACH
    vars: Fields = NOTHING
    env: Fields = NOTHING
    full_refresh: Value = False
    threads: int | None = None
    store_failures: bool = False
    state_dir: Value = None
    macro: str | None = None
    args: Fields = NOTHING

    @property
    def expected(self) -> tuple[str, ...]:
        """The unique ids dbt must have run, or the project is not the one the lock was made of.

        These are the nodes or, where there is none, the tests.
        """
        return tuple(item.unique_id for item in self.nodes or self.tests)

    @property
    def is_expanded(self) -> bool:
        """Whether the orchestrator's own tool makes the tasks of it."""
        return self.expand is Expand.RUNTIME


class OnStale(StrEnum):
    """What stale data does: hold its readers back, or only tell."""

    BLOCK = "block"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness(Node):
    """`dbt source freshness` of source tables: their unique ids, and their names by selection.

    With `block` a table older than its error threshold fails the task; with `alert` only a
    question that dbt cannot answer does.
    """

    project: DbtProject
    select: tuple[str, ...]
    tables: tuple[str, ...]
    on_stale: OnStale


@dataclass(frozen=True, slots=True, kw_only=True)
class Python(Node):
    """A call of `function` in `module`, with keyword arguments."""

    module: str
    function: str
    args: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell(Node):
    """A command, run without a shell; `env` is added to the environment it inherits.

    `script` is a file of the project that is run instead of a command.
    """

    command: tuple[Value, ...] = ()
    script: PurePosixPath | None = None
    env: Fields
    cwd: Value = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(Node):
    """One HTTP request; any status that `expect` does not name is a failure.

    `token` is sent as a bearer token, `body` as JSON.
    """

    method: str
    url: Value
    headers: Fields
    query: Fields
    body: Value = None
    token: Env | None = None
    expect: tuple[str, ...] = ("2xx",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql(Node):
    """Statements for a warehouse: their text, or the file of the project that holds them."""

    connection: Connection
    sql: Value = None
    file: PurePosixPath | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteJob(Node):
    """A job of a service, which is started there and waited for; `job` says which."""

    service: str
    connection: Connection
    job: Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Node):
    """Wait until the run of another pipeline for the same date has ended well."""

    pipeline: str


Action = Dbt | Freshness | Python | Shell | Http | Sql | RemoteJob | Wait


def values(node: Node) -> Iterator[Value]:
    """Yield the values of an action that hold references or may."""
    for name in _names(node):
        item = getattr(node, name)
        if isinstance(item, Reference | Text | Items | Fields):
            yield item
        elif isinstance(item, tuple):
            yield from (i for i in item if isinstance(i, Reference | Text | Items | Fields))
        elif isinstance(item, Connection | DbtProject):
            yield from values(item)


def with_references(action: Action, change: Callable[[Reference], str | Reference]) -> Action:
    """Return the action with every reference of its own values changed."""
    changed: dict[str, Any] = {}
    for name in _names(action):
        item = getattr(action, name)
        if isinstance(item, Reference | Text | Items | Fields):
            changed[name] = replaced(item, change)
        elif isinstance(item, tuple) and any(isinstance(i, Reference | Text) for i in item):
            changed[name] = tuple(replaced(i, change) for i in item)
    return replace(action, **changed) if changed else action


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(node: Node) -> tuple[str, ...]:
    cls = type(node)
    if cls not in _NAMES:
        _NAMES[cls] = tuple(field.name for field in fields(node) if field.name != "span")
    return _NAMES[cls]
