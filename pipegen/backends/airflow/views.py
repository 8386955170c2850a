"""What the templates of a DAG file print."""

from __future__ import annotations

from dataclasses import dataclass

from pipegen import ir
from pipegen.emit import Code

Pairs = tuple[tuple[str, Code], ...]
"""Names and values, in the order printed."""


@dataclass(frozen=True, slots=True)
class Folder:
    """The constant `name` for where a dbt project lies."""

    name: str
    path: Code


@dataclass(frozen=True, slots=True)
class Project:
    """What the operators of a dbt project and target share, and the constant that holds it."""

    constant: str
    given: Pairs


@dataclass(frozen=True, slots=True)
class Options:
    """The constant `name`: what a transform adds to that of its project, `base`."""

    name: str
    base: str
    given: Pairs


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection, and the function that makes it; `is_split` says that its host is in a URL."""

    name: str
    function: str
    variable: str
    host: Code
    login: Code
    password: Code
    is_split: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A TaskFlow function. `template` prints its body, `key` says where it is specified.

    `no` is what it does if its work says no: a check, or a request with a status that is not
    `expected`. Without that, any status but 2xx is a no.
    """

    key: str
    name: str
    decorator: Code
    run_date: bool
    params: bool
    fills: bool
    template: str
    arguments: Code
    timeout: Code
    no: Code | None = None
    expected: Code | None = None
    module: str = ""
    callee: str = ""

    @property
    def parameters(self) -> Code:
        """What it takes: the day of the run, and its parameters."""
        taken = {"run_date: str": self.run_date, "params: dict[str, Any]": self.params}
        return Code(", ".join(name for name, is_taken in taken.items() if is_taken))


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator, of Cosmos if it has a project; its task group moves it `margin` to the right,
    and `width` in all. `label` is the argument that takes its name.
    """

    name: str
    task_id: str
    project: str | None
    keywords: Pairs
    margin: Code
    width: int
    label: str = "task_id"


@dataclass(frozen=True, slots=True)
class Task:
    """A task and the variable that holds it: the call of a function, or an operator."""

    variable: str
    call: Code | None = None
    function: Function | None = None
    operator: Operator | None = None


@dataclass(frozen=True, slots=True)
class Control:
    """What governs tasks beyond their own arguments: gates, and a task that watches the run.

    `may_fail` lists the tasks whose failure the run survives. The rest says what the file
    defines and imports for it.
    """

    gates: tuple[Task, ...]
    empty: bool
    none_skipped: bool
    any_skipped: bool
    watch: bool
    may_fail: Code | None
    rules: bool
    backoff: bool

    @property
    def ends(self) -> bool:
        """Whether a function asks how tasks have ended."""
        return self.none_skipped or self.any_skipped or bool(self.may_fail)

    @property
    def typed(self) -> bool:
        """Whether a function takes anything."""
        return self.ends or self.backoff

    @property
    def decides(self) -> bool:
        """Whether a function of the file is a task that is none of the pipeline's."""
        return self.none_skipped or self.any_skipped or self.watch

    @property
    def triggers(self) -> bool:
        """Whether a trigger rule is named."""
        return self.rules or self.watch or bool(self.gates)


@dataclass(frozen=True, slots=True)
class Group:
    """The task group of a transform; a task on its own is a group without a name.

    `apart` says that a blank line stands before it.
    """

    name: str | None
    tooltip: str
    default_args: Pairs
    tasks: tuple[Task, ...]
    apart: bool = False

    @property
    def detailed(self) -> bool:
        """Whether it has more than its name."""
        return bool(self.tooltip or self.default_args)


@dataclass(frozen=True, slots=True)
class Dag:
    """Exactly what `dag.py.j2` prints; `sdk` and what follows say what it imports."""

    pipeline: ir.Pipeline
    start: Code
    catchup: bool
    tags: Code | None
    default_args: Pairs
    root: Code | None
    folders: tuple[Folder, ...]
    projects: tuple[Project, ...]
    options: tuple[Options, ...]
    passed: Code | None
    alert: str | None
    environ: bool
    connections: tuple[Connection, ...]
    functions: tuple[Function, ...]
    groups: tuple[Group, ...]
    dependencies: tuple[Code, ...]
    sdk: Code
    cosmos: tuple[Code, ...]
    path: str | None
    secrets: bool
    checked: bool
    expands: bool
    packaged: bool
    env: bool
    shell: bool
    run_date: bool
    datetime: Code | None
    params: Pairs
    filled: Code | None
    control: Control
    active_runs: Code
    errors: Code | None
    logs: bool

    @property
    def disabled(self) -> bool:
        """Whether its schedule is switched off where it is new."""
        schedule = self.pipeline.schedule
        return schedule is not None and not schedule.enabled

    @property
    def json(self) -> bool:
        """Whether JSON is read or written."""
        return self.checked or bool(self.connections)

    @property
    def helpers(self) -> bool:
        """Whether there is a function that is no task's, or what operators share."""
        return bool(self.projects or self.connections)

    @property
    def typed(self) -> bool:
        """Whether a function takes a mapping of anything."""
        return (
            self.helpers
            or self.control.typed
            or any(function.params for function in self.functions)
        )

    @property
    def refused(self) -> Code | None:
        """The errors of mypy about what Airflow takes: it knows no argument that Airflow gives
        a task itself, no `default_args` of a group, and no number that is a template.
        """
        given = self.control.typed or any(function.params for function in self.functions)
        typed = bool(self.connections) or any(g.name and g.default_args for g in self.groups)
        codes = (("arg-type", typed), ("call-arg", given))
        return Code(", ".join(code for code, is_met in codes if is_met)) or None

    @property
    def split(self) -> bool:
        """Whether a host is found in a URL."""
        return any(connection.is_split for connection in self.connections)

    @property
    def nested(self) -> bool:
        """Whether a task group is all there is, as linters dislike."""
        alone = len(self.groups) == 1 and bool(self.groups[0].name)
        return alone and not self.dependencies and not self.control.watch
