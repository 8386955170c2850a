"""dbt-core's selector, spared what cannot change its answer.

dbt asks of every node, tests included, whether each criterion means it. Here it is asked of one
among nodes that look the same to it, of those alone whose names may do, and once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from dbt.graph import Graph, ResourceTypeSelector, SelectionCriteria

_LOOKS_AT: Mapping[str, tuple[str, ...]] = {
    "fqn": ("fqn", "is_versioned"),
    "tag": ("tags",),
    "path": ("original_file_path", "patch_path"),
    "file": ("original_file_path",),
    "package": ("package_name",),
}
"""All that a method of dbt looks at in a node but its kind, by method."""

_LATER_DIFFERENT = frozenset({"path", "selector"})
"""The methods whose answers depend on the files there are; a selector may hold a path."""

_WILDCARDS = frozenset("*?[]")

Found = tuple[set[str], set[str]]
Group = tuple[str, list[str]]
"""What the names in a node are, run together, and the nodes in which all is the same."""


class QuickSelector(ResourceTypeSelector):  # type: ignore[misc]  # dbt-core has no types
    """dbt's selector of what `dbt build` builds, quick on thousands of models."""

    graph: Graph

    def __init__(self, **settings: Any) -> None:
        """Leave out dbt's view of the graph, slow to ask, where it hides nothing."""
        super().__init__(**settings)
        if len(self.graph.graph) == len(self.full_graph.graph):
            self.graph = self.full_graph
        self._found: dict[str, Found] = {}
        self._groups: dict[str, list[Group]] = {}

    def get_nodes_from_criteria(self, spec: SelectionCriteria) -> Found:
        """Return what a criterion selects directly and what indirectly: the same each time."""
        key = repr(spec)
        found = self._found.get(key)
        if found is None:
            found = super().get_nodes_from_criteria(spec)
            if spec.method not in _LATER_DIFFERENT:
                self._found[key] = found
        return found

    def select_included(self, included_nodes: set[str], spec: SelectionCriteria) -> set[str]:
        """Return what a criterion means of `included_nodes`, which is the whole graph."""
        method = str(spec.method)
        if method not in _LOOKS_AT:
            return set(super().select_included(included_nodes, spec))
        part = _part(method, str(spec.value))
        alike = {ids[0]: ids for text, ids in self._grouped(method) if part in text}
        first = super().select_included(set(alike), spec)
        return {unique_id for one in first for unique_id in alike[one]}

    def _grouped(self, method: str) -> Iterable[Group]:
        """Return the nodes in groups that are the same to a method."""
        if method not in self._groups:
            groups: defaultdict[str, list[str]] = defaultdict(list)
            texts: dict[str, str] = {}
            for unique_id, node in self._members():
                seen = [getattr(node, name, None) for name in _LOOKS_AT[method]]
                key = f"{node.resource_type} {seen}"
                groups[key].append(unique_id)
                texts[key] = _text(method, seen)
            self._groups[method] = [(texts[key], ids) for key, ids in groups.items()]
        return self._groups[method]

    def _members(self) -> Iterator[tuple[str, Any]]:
        """Yield the nodes of the graph, of every kind."""
        yield from self.get_method("tag", []).all_nodes(self.graph.nodes())


def _part(method: str, value: str) -> str:
    """Return what stands in the text of every node that `value` may mean.

    To `fqn` it is a leaf, the beginning of a path, or a name and a version joined by a dot or an
    underscore: its last two parts are side by side. To `path` it is a file or a folder above one.
    """
    if _WILDCARDS.isdisjoint(value):
        if method == "fqn":
            return "_".join(value.split(".")[-2:])
        if method == "path":
            return PurePath(value).name.lower()
    return ""


def _text(method: str, seen: list[Any]) -> str:
    if method == "fqn":
        return "_".join(seen[0] or ()).replace(".", "_")
    return "\n".join(map(str, seen)).lower()
