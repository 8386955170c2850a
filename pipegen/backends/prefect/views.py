"""What the templates of a flow print."""

from __future__ import annotations

from dataclasses import dataclass

from pipegen.backends import dbt
from pipegen.emit import Code

Options = tuple[tuple[str, Code], ...]
"""Names and values, in the order printed."""


@dataclass(frozen=True, slots=True)
class Param:
    """A parameter of a flow's function: without a default it must be given."""

    name: str
    type: Code
    default: Code | None
    description: str


@dataclass(frozen=True, slots=True)
class Late:
    """What a dbt task finds out when it runs: its options, its arguments, its environment."""

    project: Code
    args: Code | None
    env: Code | None
    params: bool = False


@dataclass(frozen=True, slots=True)
class Definition:
    """A Prefect task. `template` prints its function; without one it is `base` with options.

    `key` is where it is specified and `module` what a Python task imports. `rule` is by which
    it looks at what it waited for, `no` how a check ends that says no, and `expect` the
    statuses of an answer to a request that httpx does not know to be good.
    """

    key: str
    name: str
    options: Options
    base: str = ""
    template: str | None = None
    late: Late | None = None
    callee: str = ""
    arguments: Code | None = None
    module: str = ""
    params: bool = False
    rule: str | None = None
    no: Code | None = None
    expect: Code | None = None

    @property
    def ends(self) -> bool:
        """Whether it may end in a state of its own."""
        return bool(self.rule or self.no)

    @property
    def is_long(self) -> bool:
        """Whether its parameters stand on lines of their own."""
        return bool(self.rule or (self.no and self.params))


@dataclass(frozen=True, slots=True)
class Limit:
    """How many task runs of a tag may run at once."""

    tag: str
    slots: int


@dataclass(frozen=True, slots=True)
class Control:
    """What governs the runs of a flow.

    `rules` are by which task runs look at what they waited for, those of `dbt` among them.
    Task runs may end skipped, a check may warn or fail with a no, and not be repeated for it.
    `lenient` says that some run though others failed, and `may_fail` is the list of those that
    do not fail the flow run. `limits` are the pools.
    """

    rules: frozenset[str]
    dbt: bool
    skips: bool
    warns: bool
    says_no: bool
    retries_checks: bool
    lenient: bool
    may_fail: Code | None
    limits: tuple[Limit, ...]
    max_parallel: int | None

    @property
    def not_ready(self) -> bool:
        """Whether a task run may find, though it has begun, that all before it failed."""
        return "one_success" in self.rules


@dataclass(frozen=True, slots=True)
class Submission:
    """A run of a Prefect task: the variable that holds its future, and what it is given."""

    variable: str
    function: str
    arguments: Code


@dataclass(frozen=True, slots=True)
class Flow:
    """Exactly what `flow.py.j2` prints; the last fields say which imports and helpers."""

    function: str
    options: Options
    root: Code
    timezone: str
    start: str | None
    projects: tuple[dbt.Project, ...]
    dbt: dbt.Helpers | None
    expands: bool
    expands_in_time: bool
    definitions: tuple[Definition, ...]
    submissions: tuple[Submission, ...]
    returned: Code
    environment: bool
    shell: bool
    http: bool
    date: bool
    formatted: bool
    late: bool
    logs: bool
    dbt_cloud: bool
    resumes: bool
    params: tuple[Param, ...]
    given: Code
    defaults: Code | None
    control: Control

    @property
    def tasks(self) -> Code | None:
        """What it takes of Prefect itself."""
        return imported(
            State=self.states is not None,
            allow_failure=self.control.lenient,
            flow=True,
            task=bool(self.definitions),
        )

    @property
    def refused(self) -> bool:
        """Whether Prefect's types refuse a `submit`: what they know no parameter of waits."""
        plain = {made.name for made in self.definitions if made.template}
        return any(run.function in plain and run.arguments for run in self.submissions)

    @property
    def datetime(self) -> Code | None:
        """What it takes of the module `datetime`."""
        return imported(date=self.formatted, datetime=self.date)

    @property
    def cached(self) -> bool:
        """Whether it says what of its arguments a task's result depends on."""
        return self.shares or bool(self.control.rules)

    @property
    def client(self) -> bool:
        """Whether it asks Prefect's server."""
        return self.dbt_cloud or bool(self.control.limits)

    @property
    def result(self) -> Code:
        """The type of what the flow's function returns."""
        if self.control.may_fail:
            return Code("State")
        return Code(
            "list[PrefectFuture[Any]] | State" if self.start else "list[PrefectFuture[Any]]"
        )

    @property
    def httpx(self) -> bool:
        """Whether it sends requests."""
        return self.http or self.dbt_cloud

    @property
    def described(self) -> bool:
        """Whether a parameter has a description."""
        return any(param.description for param in self.params)

    @property
    def timed(self) -> bool:
        """Whether it looks at a clock."""
        return self.dbt_cloud or self.expands_in_time

    @property
    def pooled(self) -> bool:
        """Whether it names a runner of tasks."""
        return bool(self.control.max_parallel) or self.expands

    @property
    def shares(self) -> bool:
        """Whether it has a task that several others are of, with other options."""
        return self.dbt is not None and (self.dbt.builds or self.dbt.freshness)

    @property
    def invokes(self) -> bool:
        """Whether it calls dbt itself."""
        return self.shares or (self.dbt is not None and self.dbt.packages is not None)

    @property
    def abc(self) -> Code | None:
        """What its helpers take."""
        has_env = bool(self.dbt and self.dbt.env)
        return imported(
            Callable=self.dbt_cloud,
            Iterator=has_env,
            Mapping=has_env,
            Sequence=self.invokes
            or self.dbt_cloud
            or bool(self.control.rules or self.control.may_fail),
        )

    @property
    def contextlib(self) -> Code | None:
        """What its helpers run in."""
        return imported(
            contextmanager=bool(self.dbt and self.dbt.env),
            suppress=self.dbt_cloud or bool(self.control.limits),
        )

    @property
    def states(self) -> Code | None:
        """The states that it gives runs."""
        control, freshness = self.control, bool(self.dbt and self.dbt.freshness)
        used = {
            "Cancelled": self.start is not None,
            "Completed": freshness or control.skips or control.warns or bool(control.may_fail),
            "Failed": control.says_no or bool(control.may_fail),
            "Pending": control.not_ready,
        }
        return imported(**used)

    @property
    def runtime(self) -> Code | None:
        """What it asks Prefect of the run."""
        return imported(flow_run=self.date or self.dbt_cloud, task_run=self.resumes)


def imported(**names: bool) -> Code | None:
    """Return the names an import statement lists: those that are used."""
    return Code(", ".join(name for name, is_used in names.items() if is_used)) or None
