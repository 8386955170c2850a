"""What depends on what in a dbt project, and how to name one node in dbt's own words."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Set
from fnmatch import fnmatchcase
from graphlib import CycleError, TopologicalSorter
from pathlib import PurePosixPath
from weakref import WeakKeyDictionary

from pipegen.dbt.manifest import DbtResource, Manifest, ManifestError

_NONE: frozenset[str] = frozenset()


class Lineage:
    """The dependencies of a dbt project's resources.

    Making one raises ManifestError if they go round in a circle, which `dbt parse` lets pass.
    """

    def __init__(self, manifest: Manifest) -> None:
        """Order the resources, parents first."""
        resources = manifest.resources
        self._parents = {
            unique_id: frozenset(parent for parent in resource.parents if parent in resources)
            for unique_id, resource in resources.items()
        }
        self._tests: defaultdict[str, list[DbtResource]] = defaultdict(list)
        for resource in resources.values():
            if resource.resource_type in _TESTS and resource.parents:
                self._tests[resource.parents[0]].append(resource)
        try:
            self._order = tuple(TopologicalSorter(self._parents).static_order())
        except CycleError as error:
            raise ManifestError(f"a dependency cycle: {' -> '.join(error.args[1])}") from error

    def parents(self, unique_id: str) -> frozenset[str]:
        """Return what a resource depends on directly."""
        return self._parents[unique_id]

    def ancestors(self, unique_id: str) -> frozenset[str]:
        """Return all a resource depends on, itself not included."""
        return frozenset(self._above([unique_id]))

    def tests_within(self, nodes: Set[str]) -> set[str]:
        """Return the tests that depend on something, and on nothing but `nodes`."""
        return {
            test.unique_id
            for node in nodes
            for test in self._tests.get(node, ())
            if nodes >= set(test.parents)
        }

    def collapse(self, landmarks: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Return the nearest landmarks each landmark descends from, sorted.

        One landmark is nearest to another if a path between them meets no third. What the
        manifest does not know is left out.
        """
        kept = frozenset(landmarks) & self._parents.keys()
        needed = kept | self._above(kept)
        shown: dict[str, frozenset[str]] = {}
        collapsed = {}
        for unique_id in filter(needed.__contains__, self._order):
            nearest = _union(shown[parent] for parent in self._parents[unique_id])
            if unique_id in kept:
                collapsed[unique_id] = tuple(sorted(nearest))
                shown[unique_id] = frozenset({unique_id})
            else:
                shown[unique_id] = nearest
        return dict(sorted(collapsed.items()))

    def _above(self, nodes: Iterable[str]) -> set[str]:
        """Return all that some resources depend on."""
        found: set[str] = set()
        waiting = list(nodes)
        while waiting:
            new = self._parents[waiting.pop()] - found
            found |= new
            waiting.extend(new)
        return found


def _union(sets: Iterator[frozenset[str]]) -> frozenset[str]:
    """Return the union, without a copy where one set holds all."""
    union = _NONE
    for items in sets:
        if not items <= union:
            union = union | items if union else items
    return union


def node_selector(manifest: Manifest, unique_id: str) -> str:
    """Return the shortest selection that means one resource and nothing else to dbt.

    It is one argument without a space, exact where no tests are selected indirectly: the bare
    name if nothing else answers to it, else its path of folders, else what it takes. Raises
    ManifestError if dbt has no words to tell the resource from another.
    """
    names = _names.get(manifest)
    if names is None:
        names = _names[manifest] = _Names(manifest)
    return names.selector(manifest.resources[unique_id])


_PLAIN = re.compile(r"[\w.-]+")
_PLAIN_PATH = re.compile(r"[\w./-]+\.(sql|py|csv)")
_FILES = (".sql", ".py", ".csv")
_TESTS = frozenset({"test", "unit_test"})

Candidate = tuple[str, frozenset[str]]
"""A selection, and the unique ids of what it selects."""


class _Names:
    """What names mean to dbt's `fqn` method: a leaf, or any prefix of a path of folders."""

    def __init__(self, manifest: Manifest) -> None:
        self._resources = manifest.resources
        self._sources = manifest.sources()
        self._root = manifest.project_name
        self._paths: list[tuple[str, str]] = []
        self._prefixes: defaultdict[str, set[str]] = defaultdict(set)
        self._versions: defaultdict[str, set[str]] = defaultdict(set)
        for unique_id, resource in manifest.resources.items():
            if resource.resource_type == "source" or not resource.fqn:
                continue
            if _is_versioned(resource) and resource.fqn[1:]:
                self._prefixes[resource.fqn[-2]].add(unique_id)
                self._versions["_".join(resource.fqn[-2:])].add(unique_id)
            else:
                self._prefixes[resource.fqn[-1]].add(unique_id)
            for path in _paths(resource):
                self._paths.append((path, unique_id))
                parts = path.split(".")
                for end in range(len(parts)):
                    self._prefixes[".".join(parts[: end + 1])].add(unique_id)

    def selector(self, resource: DbtResource) -> str:
        """Return the first candidate that means `resource` alone."""
        is_source = resource.resource_type == "source"
        candidates = self._of_source(resource) if is_source else self._of_node(resource)
        for selection, meaning in candidates:
            if meaning == {resource.unique_id}:
                return selection
        raise ManifestError(f"no selection of dbt means {resource.unique_id} alone")

    def _of_source(self, resource: DbtResource) -> Iterator[Candidate]:
        table = f"{_part(resource.source_name or '')}.{_part(resource.name)}"
        for package in ("*", _part(resource.package)):
            pattern = f"{package}.{table}"
            meaning = frozenset(
                source.unique_id
                for source in self._sources
                if fnmatchcase(f"{source.package}.{source.source_name}.{source.name}", pattern)
            )
            yield f"source:{pattern.removeprefix('*.')}", meaning

    def _of_node(self, resource: DbtResource) -> Iterator[Candidate]:
        plain = [(_criterion(name), self._meaning(name)) for name in _plain_names(resource)]
        yield from plain
        yield from self._in_its_file(plain, resource)
        exact = self._exact(resource)
        yield exact
        yield from self._in_its_file([exact], resource)
        for base in (*plain, exact):
            yield from self._qualified(base, resource)

    def _qualified(self, base: Candidate, resource: DbtResource) -> Iterator[Candidate]:
        """Narrow a candidate by what else is known of the resource."""
        kind, package = resource.resource_type, resource.package
        typed = self._narrowed(base, "resource_type", kind, lambda r: (r.resource_type,))
        yield typed
        for narrow in (base, typed):
            yield self._narrowed(narrow, "package", package, lambda r: (r.package,))
        file = PurePosixPath(resource.path)
        if _PLAIN_PATH.fullmatch(file.name):
            yield self._narrowed(base, "file", file.name, _file_names)
        if kind in _TESTS:
            for parent in resource.parents:
                yield from self._below(base, parent)

    def _meaning(self, name: str) -> frozenset[str]:
        """Return what a name without a wildcard selects."""
        versioned = "_".join(name.split(".")[-2:])
        return frozenset({*self._prefixes.get(name, ()), *self._versions.get(versioned, ())})

    def _exact(self, resource: DbtResource) -> Candidate:
        """Return the whole path as a pattern, which unlike a name is no prefix of others."""
        path = ".".join(resource.fqn)
        pattern = re.sub(r"[^\w.-]", "?", path)
        if path and pattern == path:
            pattern = f"{path[:-1]}[{path[-1]}]"
        meaning = frozenset(
            unique_id for path, unique_id in self._paths if fnmatchcase(path, pattern)
        )
        return _criterion(pattern), meaning

    def _in_its_file(
        self, bases: Iterable[Candidate], resource: DbtResource
    ) -> Iterator[Candidate]:
        """Narrow to a file of the root project, the only one dbt looks for files in."""
        in_root = resource.package == self._root
        if in_root and _PLAIN_PATH.fullmatch(resource.path):
            for base in bases:
                yield self._narrowed(base, "path", resource.path, lambda r: (r.path,))

    def _narrowed(
        self,
        base: Candidate,
        method: str,
        value: str,
        of: Callable[[DbtResource], tuple[str, ...]],
    ) -> Candidate:
        """Intersect a candidate with what the method `of` answers `value` for."""
        selection, meaning = base
        kept = frozenset(one for one in meaning if value in of(self._resources[one]))
        return f"{selection},{method}:{value}", kept

    def _below(self, base: Candidate, parent: str) -> Iterator[Candidate]:
        """Narrow tests of one name to those of one parent."""
        selection, meaning = base
        if parent in self._resources:
            above = self.selector(self._resources[parent])
            kept = frozenset(one for one in meaning if parent in self._resources[one].parents)
            if "," not in above:
                yield f"{selection},{above}+1", kept


_names: WeakKeyDictionary[Manifest, _Names] = WeakKeyDictionary()


def _is_versioned(resource: DbtResource) -> bool:
    return resource.resource_type == "model" and resource.version is not None


def _paths(resource: DbtResource) -> tuple[str, str]:
    """Return the path of folders dbt compares, with and without the package."""
    return ".".join(resource.fqn), ".".join(resource.fqn[1:])


def _file_names(resource: DbtResource) -> tuple[str, str]:
    file = PurePosixPath(resource.path)
    return file.name, file.stem


def _plain_names(resource: DbtResource) -> Iterator[str]:
    """Yield the names of a node that hold nothing special to dbt, shortest first."""
    leaf = ".".join(resource.fqn[-2:] if _is_versioned(resource) else resource.fqn[-1:])
    path, unscoped = _paths(resource)
    for name in dict.fromkeys((leaf, unscoped, path)):
        if _PLAIN.fullmatch(name):
            yield name


def _part(name: str) -> str:
    """Return one part of a dotted name, as a pattern if it holds a dot or a special character."""
    return re.sub(r"[^\w-]", "?", name)


def _criterion(name: str) -> str:
    """Name the method where dbt would take the name for a file or an option."""
    is_taken = name.startswith("-") or name.lower().endswith(_FILES)
    return f"fqn:{name}" if is_taken else name
