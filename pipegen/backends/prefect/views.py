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

    `key` is where it is specified and `module` what a Python task imports.
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
    states: Code | None
    dbt_cloud: bool
    resumes: bool
    params: tuple[Param, ...]
    given: Code
    defaults: Code | None

    @property
    def httpx(self) -> bool:
        """Whether it sends requests."""
        return self.http or self.dbt_cloud

    @property
    def described(self) -> bool:
        """Whether a parameter has a description."""
        return any(param.description for param in self.params)

    @property
    def abc(self) -> Code | None:
        """What its helpers take."""
        has_env = bool(self.dbt and self.dbt.env)
        return imported(
            Callable=self.dbt_cloud,
            Iterator=has_env,
            Mapping=has_env,
            Sequence=self.dbt is not None or self.dbt_cloud,
        )

    @property
    def contextlib(self) -> Code | None:
        """What its helpers run in."""
        return imported(contextmanager=bool(self.dbt and self.dbt.env), suppress=self.dbt_cloud)

    @property
    def runtime(self) -> Code | None:
        """What it asks Prefect of the run."""
        return imported(flow_run=self.date or self.dbt_cloud, task_run=self.resumes)


def imported(**names: bool) -> Code | None:
    """Return the names an import statement lists: those that are used."""
    return Code(", ".join(name for name, is_used in names.items() if is_used)) or None
