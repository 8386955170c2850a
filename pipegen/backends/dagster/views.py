"""What the templates of Dagster print."""

from __future__ import annotations

from dataclasses import dataclass

from pipegen import ir
from pipegen.emit import Code


@dataclass(frozen=True, slots=True)
class Labels:
    """What people find a job or an asset by. Tags that Dagster would refuse are metadata."""

    description: str
    owners: Code | None
    tags: Code | None
    metadata: Code | None


@dataclass(frozen=True, slots=True)
class Project:
    """A dbt project: the constant of dbt's own options, and the one of its `DbtProject`."""

    constant: str | None
    options: tuple[Code, ...]
    resource: str | None
    dir: Code
    profiles_dir: Code
    target: str | None


@dataclass(frozen=True, slots=True)
class Node:
    """One dbt node, or one test; `error` and `warn` are its checks, name to unique id."""

    project: str
    args: Code
    unique_id: str
    error: Code | None
    warn: Code | None


@dataclass(frozen=True, slots=True)
class Step:
    """A dbt selection; `nodes` are the names of its locked nodes by unique id."""

    project: str
    select: str
    exclude: str
    args: Code
    nodes: Code


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
    key: Code
    keys: tuple[Code, ...]
    deps: Code | None
    kind: str
    labels: Labels
    retries: Code | None
    template: str
    body: Node | Step | Call


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
    projects: tuple[Project, ...]
    assets: tuple[Asset, ...]
    names: Code
    nodes: bool
    steps: bool
    shell: bool
    http: bool
    os: bool
    dated: bool
    zoned: bool
    abc: Code | None
    datetime: Code | None
