"""What a pipeline takes from dbt, resolved: the content of `pipegen.lock/<pipeline>.json`.

The lock is committed beside the specifications, so that they compile without dbt and
without a manifest as long as their selections are the ones it was made for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from graphlib import CycleError, TopologicalSorter

from pydantic import TypeAdapter

PLACEHOLDER = "0" * 64


@dataclass(frozen=True, slots=True)
class LockedNode:
    """A node of dbt's graph: one a task builds, or one that matters to the order of tasks.

    `select` names it, and it alone, on dbt's command line. `parents` are the nearest
    ancestors among the nodes of the lock. `meta` are the keys of its meta data that are true.
    """

    name: str
    package: str
    resource_type: str
    version: str | None
    select: str
    parents: tuple[str, ...]
    tags: tuple[str, ...] = ()
    meta: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LockedTest:
    """A test that a selection runs, or that hangs on a node a selection builds."""

    name: str
    package: str
    severity: str
    select: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LockedSelection:
    """What was asked for, and the unique ids that dbt's own selector answered with.

    `fingerprint` is over all the manifest says of them that a task depends on.
    """

    project: str
    select: tuple[str, ...]
    exclude: tuple[str, ...]
    indirect_selection: str
    nodes: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    fingerprint: str = ""
    selector: str | None = None

    @property
    def request(self) -> tuple[object, ...]:
        """What it asks for."""
        return (self.project, self.select, self.exclude, self.indirect_selection, self.selector)

    @property
    def is_empty(self) -> bool:
        """Whether dbt selects nothing that is built or tested."""
        return not self.nodes and not self.tests


@dataclass(frozen=True, slots=True)
class LockedProject:
    """The part of a dbt project that a pipeline depends on; nodes and tests by unique id."""

    package: str
    profile: str
    nodes: Mapping[str, LockedNode]
    tests: Mapping[str, LockedTest]


@dataclass(frozen=True, slots=True)
class LockedReference:
    """What `loads` or `reads` means: a node of a dbt project.

    A source's table has the `thresholds` that dbt holds its age against, and `select`, which
    names it on dbt's command line.
    """

    project: str
    unique_id: str
    thresholds: tuple[str, ...] = ()
    select: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """Everything a pipeline takes from dbt; selections by transform, references as written.

    `queries` are the selections of overrides and SLAs, by their place in the specification.
    """

    pipeline: str
    projects: Mapping[str, LockedProject] = field(default_factory=dict)
    selections: Mapping[str, LockedSelection] = field(default_factory=dict)
    references: Mapping[str, LockedReference] = field(default_factory=dict)
    queries: Mapping[str, LockedSelection] = field(default_factory=dict)


def dump(lock: Lock) -> str:
    """Return the text of the lock file; the writer fills in its hash."""
    head = {"generated_by": "pipegen", "pipegen-sha256": PLACEHOLDER}
    text = json.dumps({**head, **asdict(lock)}, indent=2, sort_keys=True, ensure_ascii=False)
    return "".join(map(_shown, text)) + "\n"


def _shown(char: str) -> str:
    """Return a character of JSON as a reviewer can see it: names of dbt's may hold any."""
    return char if char == "\n" or char.isprintable() else json.dumps(char)[1:-1]


def load(text: str) -> Lock | None:
    """Return the lock of a lock file; None if it is none, which makes it a lock to renew.

    Anyone who opens a pull request can write one: types and names are checked.
    """
    try:
        lock = TypeAdapter(Lock).validate_json(text)
    except ValueError:
        return None
    return lock if _is_whole(lock) else None


def _is_whole(lock: Lock) -> bool:
    """Whether everything the lock names is in it, and no node is its own ancestor."""
    for selection in lock.selections.values():
        project = lock.projects.get(selection.project)
        if project is None:
            return False
        if not project.nodes.keys() >= set(selection.nodes):
            return False
        if not project.tests.keys() >= set(selection.tests):
            return False
    for reference in lock.references.values():
        project = lock.projects.get(reference.project)
        if project is None or reference.unique_id not in project.nodes:
            return False
    if not lock.projects.keys() >= {query.project for query in lock.queries.values()}:
        return False
    try:
        for project in lock.projects.values():
            TopologicalSorter({key: node.parents for key, node in project.nodes.items()}).prepare()
    except CycleError:
        return False
    return True
