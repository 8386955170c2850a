"""dbt-core's own selector, without a profile, an adapter or a warehouse.

Importing this module imports dbt-core, two seconds: `pipegen.dbt.selection` does so when it
must, and nothing else does. The names used are internals of dbt-core; the tests prove them
against `dbt ls` and `dbt build`.
"""

from __future__ import annotations

import fnmatch
import inspect
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from dbt.compilation import Linker
from dbt.config.selectors import SelectorConfig, selector_config_from_data
from dbt.contracts.graph.manifest import Manifest
from dbt.flags import get_flags, set_flags
from dbt.graph import (
    Graph,
    ResourceTypeSelector,
    SelectionCriteria,
    SelectionSpec,
    parse_difference,
)
from dbt.graph import selector_methods as methods
from dbt.node_types import NodeType
from dbt_common.events.contextvars import task_contextvars
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager
from dbt_common.exceptions import DbtBaseException

from pipegen.dbt.manifest import COLLECTIONS, ManifestError, all_kept
from pipegen.dbt.shortcuts import QuickSelector

_BUILDS = ("model", "seed", "snapshot", "function", "test", "unit_test")
_TYPES = [kind for kind in NodeType if kind in _BUILDS]  # functions are of dbt-core 1.11
_SEMANTIC = frozenset({"type_params", "query_params", "defaults"})
_EARLIER_RUN = frozenset({"state", "result", "source_status"})
_KNOWS_SELECTORS = "selectors" in inspect.signature(ResourceTypeSelector).parameters


class RefusedError(Exception):
    """A selection dbt cannot resolve; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Selector:
    """dbt's own manifest and graph, and its selector by indirect selection.

    dbt parses `selectors.yml` under that flag, and takes a while to make a selector.
    """

    manifest: Manifest
    graph: Graph
    ready: dict[str, tuple[ResourceTypeSelector, SelectorConfig]] = field(default_factory=dict)

    def resolve(
        self,
        select: Sequence[str],
        exclude: Sequence[str],
        indirect_selection: str,
        selector_name: str | None = None,
    ) -> set[str]:
        """Return the unique ids dbt selects for `dbt build`."""
        try:
            with _flags(INDIRECT_SELECTION=indirect_selection):
                if indirect_selection not in self.ready:
                    self.ready[indirect_selection] = self._prepare()
                selector, named = self.ready[indirect_selection]
                spec = None
                if selector_name is not None:
                    spec = _named(named, selector_name)
                elif not select and not exclude:
                    spec = _default(named)
                if spec is None:
                    spec = parse_difference(list(select) or None, list(exclude) or None)
                _refuse(spec, named, set())
                return {str(unique_id) for unique_id in selector.get_selected(spec)}
        except RefusedError:
            raise
        except DbtBaseException as error:
            raise RefusedError(_reason(error)) from error
        except Exception as error:  # dbt trusts its manifest: on another it may raise anything
            raise RefusedError(f"{type(error).__name__}: {error}") from error

    def _prepare(self) -> tuple[ResourceTypeSelector, SelectorConfig]:
        written = list((self.manifest.selectors or {}).values())
        named = selector_config_from_data({"selectors": written})
        selector = QuickSelector(
            graph=self.graph,
            manifest=self.manifest,
            previous_state=None,
            resource_types=_TYPES,
            **({"selectors": named} if _KNOWS_SELECTORS else {}),
        )
        return selector, named


def link(raw: Mapping[str, Any]) -> Selector:
    """Give dbt a manifest, and link its graph without the search for cycles.

    The search takes longer than all the rest; `Lineage` refuses cycles in linear time.
    """
    try:
        with all_kept():
            manifest = _manifest(raw)
            return Selector(manifest, Graph(_linker(manifest).graph))
    except DbtBaseException as error:
        raise ManifestError(f"dbt cannot read it: {_reason(error)}") from error
    except Exception as error:
        raise ManifestError(f"dbt cannot read it: {error!r}") from error


def _manifest(raw: Mapping[str, Any]) -> Manifest:
    """Return dbt-core's manifest; a null that it does not take is as good as nothing said."""
    try:
        return Manifest.from_dict(raw)
    except ValueError:
        return Manifest.from_dict(_said(raw))


def _said(value: Any) -> Any:
    """Leave nulls out, but within what the semantic layer has: dbt-core insists on some there."""
    if not isinstance(value, dict):
        return value
    return {
        key: item if key in _SEMANTIC else _said(item)
        for key, item in value.items()
        if item is not None
    }


def _linker(manifest: Manifest) -> Linker:
    linker = Linker()
    for source in manifest.sources:
        linker.add_node(source)
    for collection in COLLECTIONS:
        for node in getattr(manifest, collection, {}).values():
            if collection != "sources":
                linker.link_node(node, manifest)
    return linker


@contextmanager
def alone(project_dir: Path) -> Iterator[None]:
    """Keep dbt's warnings to itself, tell it where the project lies, and put all back after."""
    before = get_event_manager()
    ctx_set_event_manager(EventManager())
    try:
        with task_contextvars(project_root=str(project_dir.resolve())), _paths_made_once():
            yield
    finally:
        ctx_set_event_manager(before)


class _Path(type(Path())):  # type: ignore[misc]  # the class of this system's paths
    """A path that makes its parents once."""

    __slots__ = ("_above",)
    _above: tuple[Path, ...]

    @property
    def parents(self) -> tuple[Path, ...]:
        """The folders above, nearest first."""
        try:
            return self._above
        except AttributeError:
            self._above = tuple(super().parents)
            return self._above


_path: Any = lru_cache(maxsize=100_000)(_Path)
_path.cwd = Path.cwd


@contextmanager
def _paths_made_once() -> Iterator[None]:
    """Have dbt make the paths of a node's file once: with `path:` it does so at each selection.

    That is five times as quick on thousands of models.
    """
    before = methods.Path
    methods.Path = _path
    try:
        yield
    finally:
        methods.Path = before


@contextmanager
def _flags(**flags: str) -> Iterator[None]:
    """Set the only flags parsing a selection reads.

    dbt's `set_from_args` would also read its variables from the environment.
    """
    before = get_flags()
    set_flags(Namespace(**flags))
    try:
        yield
    finally:
        set_flags(before)


def _default(named: SelectorConfig) -> SelectionSpec | None:
    """Return the selector dbt takes when it is asked for nothing in particular."""
    for selector in named.values():
        if selector["default"]:
            return selector["definition"]
    return None


def _named(named: SelectorConfig, name: str) -> SelectionSpec:
    if name not in named:
        known = ", ".join(sorted(named)) or "none"
        raise RefusedError(f"the project has no selector called '{name}'; it has {known}")
    return named[name]["definition"]


def _refuse(spec: SelectionSpec, named: SelectorConfig, met: set[str]) -> None:
    """Refuse what needs an earlier run or leaves the project, in selectors it refers to as well.

    From dbt-core 1.12 on, dbt looks these up as it selects; `met` are those seen already.
    """
    if not isinstance(spec, SelectionCriteria):
        for component in spec:
            _refuse(component, named, met)
        return
    if spec.method in _EARLIER_RUN:
        raise RefusedError(f"{spec.method}: needs the artefacts of an earlier run")
    path = PurePath(str(spec.value))
    if spec.method == "path" and (path.is_absolute() or ".." in path.parts):
        raise RefusedError(f"path:{spec.value} leaves the dbt project")
    if spec.method == "selector":
        for name in sorted(set(fnmatch.filter(named, str(spec.value))) - met):
            met.add(name)
            _refuse(named[name]["definition"], named, met)


def _reason(error: Exception) -> str:
    return " ".join(str(getattr(error, "msg", error)).split())
