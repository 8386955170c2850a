"""What a back end is, and how one is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path, PurePosixPath
from typing import Any

from pipegen.capabilities import Capabilities
from pipegen.emit import Code
from pipegen.files import PlannedFile
from pipegen.ir import Pipeline

GROUP = "pipegen.backends"
BUILT_IN = ("airflow", "dagster", "headless", "prefect")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a project wants a back end's files, and the options it gives that back end.

    `out` is relative to the root of the project; an absent option is an absent key. An option
    is text, or a list or mapping of such, with values of the IR where a reference may stand.
    """

    out: PurePosixPath
    options: Mapping[str, Any] = field(default_factory=dict)

    def root(self, path: PurePosixPath) -> Code:
        """Return the expression for the project's root in the generated file `path`."""
        depth = len(self.out.parts) + len(path.parts) - 1
        return Code(f"Path(__file__).resolve().parents[{depth}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """An orchestrator pipegen can write for: what it can express, and how to say it.

    `plan` is pure: it decides which template prints which view to which path, and neither
    renders nor writes. `plan_project` does the same for files all pipelines share.
    `templates` is the folder those templates lie in. `one_builder` says that it knows a
    table by one name in the whole project, so that no two pipelines may build or load it.
    `offers`, if there is one, is what it keeps otherwise for a target with options.
    """

    name: str
    title: str
    capabilities: Capabilities
    templates: Path
    plan: Callable[[Pipeline, Target], tuple[PlannedFile, ...]]
    plan_project: Callable[[tuple[Pipeline, ...], Target], tuple[PlannedFile, ...]]
    one_builder: bool = False
    offers: Callable[[Target], Capabilities] | None = None

    def keeps(self, target: Target) -> Capabilities:
        """Return what it can express with the options of a target."""
        return {**self.capabilities, **(self.offers(target) if self.offers else {})}


def get(name: str) -> Backend:
    """Return the back end `name`, built in or installed; raise KeyError if there is none."""
    if name in BUILT_IN:
        backend = import_module(f"pipegen.backends.{name}").BACKEND
    else:
        backend = entry_points(group=GROUP)[name].load()
    assert isinstance(backend, Backend)
    return backend


@cache
def available() -> tuple[str, ...]:
    """Return the names of the back ends, built in or installed."""
    return tuple(sorted({*BUILT_IN, *entry_points(group=GROUP).names}))
