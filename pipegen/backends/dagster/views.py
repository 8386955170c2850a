"""What the templates of Dagster print."""

from __future__ import annotations

from dataclasses import dataclass

from pipegen import ir
from pipegen.backends import dbt
from pipegen.backends.dagster.params import Params
from pipegen.emit import Code


@dataclass(frozen=True, slots=True)
class Labels:
    """What people find a job or an asset by. Tags that Dagster would refuse are metadata."""

    description: str
    owners: Code | None
    tags: Code | None
    metadata: Code | None


@dataclass(frozen=True, slots=True)
class Resource:
    """The constant that holds the `DbtProject` of a project and target."""

    constant: str
    dir: Code
    profiles_dir: Code
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """An invocation of dbt, and the mappings that are known when it runs."""

    project: str
    args: Code
    dbt_vars: Code | None
    env: Code | None
    full_refresh: Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node(Invocation):
    """One dbt node, or none; `error` and `warn` are its checks, name to unique id."""

    unique_id: str | None
    error: Code | None
    warn: Code | None
    macro_args: Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nodes(Invocation):
    """Several dbt nodes: keys, parents and checks are by unique id."""

    nodes: Code
    error: Code | None
    warn: Code | None
    parents: Code | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Invocation):
    """A dbt selection; `nodes` are the names of its locked nodes by unique id."""

    select: str
    exclude: str
    selector: str | None
    nodes: Code
    packages: bool


@dataclass(frozen=True, slots=True)
class Freshness:
    """A question for the age of tables, whose keys are by unique id."""

    project: str
    args: Code
    tables: Code
    block: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, and how that is imported."""

    callee: str
    arguments: Code
    imports: Code | None = None


@dataclass(frozen=True, slots=True)
class Asset:
    """One step of the job; `where` is the place of the first in a part of the specification.

    `key` is the key of its asset; a source of several tables has `keys`.
    """

    where: str | None
    is_apart: bool
    name: str
    signature: Code
    op: str
    is_table: bool
    params: bool
    key: Code | None
    keys: tuple[Code, ...]
    deps: Code | None
    kind: str
    labels: Labels
    retries: Code | None
    template: str
    body: Invocation | Freshness | Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpers(dbt.Helpers):
    """What the functions that run dbt must be able to do; `selector` for a step by name,
    `deps` for one that installs its packages first.
    """

    selector: bool
    deps: bool

    @property
    def run_dbt(self) -> Code:
        """The arguments of `run_dbt`, where it is called."""
        project = "options" if self.late else "project"
        return Code(f"context, {project}, {self._asked}{', more' if self.env else ''}")

    @property
    def run_step(self) -> Code:
        """The arguments of `run_step`, where it is called."""
        return Code(f"context, project, {self._asked}, nodes")

    @property
    def words(self) -> Code:
        """What dbt is asked, but for a parameter that has tables built anew."""
        return Code("words" if self.late else "args")

    @property
    def _asked(self) -> str:
        return "asked" if self.refresh else self.words


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Exactly what `pipeline.py.j2` prints."""

    name: str
    job: str
    root: Code
    timezone: str
    labels: Labels
    schedule: ir.Schedule | None
    schedule_name: str
    projects: tuple[dbt.Project, ...]
    resources: tuple[Resource, ...]
    dbt: Helpers | None
    assets: tuple[Asset, ...]
    names: Code
    checks: Code | None
    defined: Code
    in_process: bool
    nodes: bool
    steps: bool
    late: bool
    given: bool
    added: bool
    contextmanager: bool
    shell: bool
    http: bool
    dbt_cloud: bool
    os: bool
    dated: bool
    zoned: bool
    abc: Code | None
    datetime: Code | None
    params: Params | None
    switch: bool

    @property
    def any(self) -> bool:
        """Whether a helper takes or returns anything."""
        return self.dbt is not None or self.params is not None

    @property
    def fields(self) -> bool:
        """Whether a parameter says more than its default."""
        return self.params is not None and self.params.pydantic
