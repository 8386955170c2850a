"""Documents that differ in one place from one that somebody wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from random import Random
from typing import Any

Path = tuple[str | int, ...]

VALUES = (
    *(None, True, False, 0, 1, -1, 7, 1000, 0.5, [], {}, [1], ["a"], {"a": 1}),
    *("", "a", "A b", "-x", "2026-02-30", "30m", "0s", "08:00", "UTC", "dbt", "python", "http"),
    *("${ENV:A}", "{{ run.date }}", "${var.}", "{% x %}", "a.b:c", "../x", "x" * 64),
)
"""What stands in place of a value: of every type, and of every form a text may have."""

KEYS = ("kind", "unknown", "Not a name", "select", "path", "retries", "")
"""What is added to a mapping, and what its keys become."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A document; `variables` is what its references stand for."""

    value: Any
    change: str
    variables: dict[str, Any] = field(default_factory=dict)


def mutants(document: Any, count: int, random: Random) -> list[Mutant]:
    """Return as many of the document's mutants, or all."""
    found = list(_all(document))
    return random.sample(found, min(count, len(found)))


def references(document: Any, filled: Any) -> Iterator[Mutant]:
    """Yield the document with a reference in place of each of its values, and within each text.

    `filled` is the document without the references it has itself.
    """
    for path, value in _places(filled):
        if path[0] == "for_each":
            continue  # the rows are what references are filled from
        told = ".".join(map(str, path))
        yield Mutant(_with(document, path, "${var.it}"), f"{told} by reference", {"it": value})
        if isinstance(value, str) and len(value) > 1 and path[-1] != "kind":
            text = f"{value[:1]}${{var.rest}}"
            yield Mutant(_with(document, path, text), f"{told} in part", {"rest": value[1:]})


def _all(document: Any) -> Iterator[Mutant]:
    referred = "${each." in str(document)  # by references that a mutant of the rows would change
    for path, value in _places(document):
        if path[0] == "for_each" and referred:
            continue
        told = ".".join(map(str, path))
        yield Mutant(_without(document, path), f"without {told}")
        for other in VALUES:
            yield Mutant(_with(document, path, deepcopy(other)), f"{told} = {other!r}")
        for key in KEYS:
            if isinstance(value, dict):
                yield Mutant(_with(document, (*path, key), "a"), f"{told}.{key} = 'a'")
            if isinstance(path[-1], str):
                renamed = _with(_without(document, path), (*path[:-1], key), value)
                yield Mutant(renamed, f"{told} as {key}")


def _places(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield every value in the document but the whole, with where it is."""
    if path:
        yield path, value
    inner: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, part in inner:
        yield from _places(part, (*path, key))


def _with(document: Any, path: Path, value: Any) -> Any:
    changed = deepcopy(document)
    _parent(changed, path)[path[-1]] = value
    return changed


def _without(document: Any, path: Path) -> Any:
    changed = deepcopy(document)
    del _parent(changed, path)[path[-1]]
    return changed


def _parent(document: Any, path: Path) -> Any:
    for key in path[:-1]:
        document = document[key]
    return document
