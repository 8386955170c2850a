"""What the templates of Dagster print."""

from __future__ import annotations

from dataclasses import dataclass

from pipegen import ir
from pipegen.backends import dbt
from pipegen.backends.dagster.control import Rule
from pipegen.backends.dagster.params import Params
from pipegen.emit import Code


@dataclass(frozen=True, slots=True)
class Labels:
    """What people find a job or an asset by. Tags that Dagster would refuse are metadata."""

    description: str
    owners: Code | None
    tags: Code | None
    metadata: Code | None

    @property
    def texts(self) -> bool:
        """Whether there is more than an owner."""
        return bool(self.description or self.tags or self.metadata)


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
    """One dbt node, or none; `error` and `warn` are its checks, name to unique id.

    `key` is its key where that is not its name in dbt.
    """

    unique_id: str | None
    key: Code | None
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
    """A dbt selection; `nodes` are the names of its locked nodes by unique id. What `expands`
    is what the manifest has when the file is loaded.
    """

    select: str
    exclude: str
    selector: str | None
    nodes: Code
    packages: bool
    expands: bool


@dataclass(frozen=True, slots=True)
class Freshness:
    """A question for the age of tables, whose keys are by unique id."""

    project: str
    args: Code
    tables: Code
    block: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function, and how that is imported.

    `fails` is the condition under which the response to a request is no success. A check does
    `no` if its answer is one; `skips`, if its asset is then left out.
    """

    callee: str
    arguments: Code
    imports: Code | None = None
    fails: Code | None = None
    no: Code | None = None
    skips: bool = False


@dataclass(frozen=True, slots=True)
class Asset:
    """One step of the job; `where` is the place of the first in a part of the specification.

    `key` is the key of its asset; a source of several tables has `keys`, and `spec` is the
    only asset where it fits a line. One that `shares` has the owner most tasks have. With a
    `rule` it decides for itself whether it runs.
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
    spec: Code | None
    deps: Code | None
    kind: str
    shares: bool
    labels: Labels
    retries: Code | None
    pool: str | None
    rule: Rule | None
    template: str
    body: Invocation | Freshness | Call

    @property
    def specs(self) -> bool:
        """Whether its assets are told one by one."""
        return self.is_table or self.rule is not None

    @property
    def decorator(self) -> Code:
        """What makes assets of its function."""
        return Code("governed" if self.rule else "dg.multi_asset")

    @property
    def ages(self) -> Code:
        """What makes a step of a question for the age of tables."""
        return Code("told_freshness" if self.rule else "dbt_freshness")

    @property
    def yields(self) -> bool:
        """Whether its function has to tell which assets it made."""
        return bool(self.keys) and self.rule is None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The last step of a run, which fails it if one of some tasks failed."""

    name: str
    key: Code
    deps: Code


@dataclass(frozen=True, slots=True, kw_only=True)
class Helpers(dbt.Helpers):
    """What the functions that run dbt must be able to do; `selector` for a step by name,
    `deps` for one that installs its packages first, `told` for nodes and `told_ages` for
    freshness that decide for themselves whether they run, `expands` for a step that is not the
    lock's.
    """

    selector: bool
    deps: bool
    expands: bool
    pool: bool
    told: bool
    told_ages: bool
    plain_ages: bool

    @property
    def exploded(self) -> bool:
        """Whether a step of nodes is given more than has room in a line."""
        return self.params or self.pool

    @property
    def run_dbt(self) -> Code:
        """The arguments of `run_dbt`, where it is called."""
        project = "options" if self.late else "project"
        return Code(f"context, {project}, {self._asked}{', more' if self.env else ''}")

    @property
    def run_step(self) -> Code:
        """The arguments of `run_step`, where it is called."""
        known = "{} if expand else nodes" if self.expands else "nodes"
        return Code(f"context, project, {self._asked}, {known}")

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
    status: Code
    starts: Code | None
    settings: tuple[str, ...]
    projects: tuple[dbt.Project, ...]
    resources: tuple[Resource, ...]
    dbt: Helpers | None
    owners: Code | None
    retries: Code | None
    waiting: Code | None
    assets: tuple[Asset, ...]
    names: Code
    checks: Code | None
    verdict: Verdict | None
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
    typing: Code | None
    params: Params | None
    switch: bool
    told: bool
    state: Code
    skipped: bool
    waits: bool
    unfinished: bool

    @property
    def policy(self) -> Code:
        """The policy of retries of dbt nodes that are given no other."""
        return Code("RETRIES" if self.retries or self.waiting else "None")

    @property
    def states(self) -> str:
        """The group of the assets that tell how tasks ended."""
        return f"{self.name}_states"

    @property
    def asks(self) -> bool:
        """Whether a step that decides for itself has checks."""
        return self.dbt is not None and (self.dbt.told or self.dbt.told_ages)

    @property
    def fields(self) -> bool:
        """Whether a parameter says more than its default."""
        return self.params is not None and self.params.pydantic
