"""A YAML file as plain values that know where they were written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipegen.diagnostics import Span

Key = str | int

Place = tuple[int, int, int, int]
"""First line and column, and last; they count from zero, as libyaml does."""


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its text, its plain value, and the place of every value and key in it."""

    file: str
    text: str
    value: object
    places: Mapping[tuple[Key, ...], Place]
    keys: Mapping[tuple[Key, ...], Place]

    def keys_with(self, text: str) -> Iterator[tuple[Key, ...]]:
        """Yield the paths whose last key holds `text`."""
        return (path for path in self.keys if text in str(path[-1]))

    def span(self, path: tuple[Key, ...]) -> Span:
        """Return the place of the value at `path`, or of its nearest ancestor that exists."""
        return span_of(self.file, self.places[self._known(path)])

    def key_span(self, path: tuple[Key, ...]) -> Span:
        """Return the place of the key that holds the value, or as near to it as there is one."""
        known = self._known(path)
        return span_of(self.file, self.keys.get(known) or self.places[known])

    def _known(self, path: tuple[Key, ...]) -> tuple[Key, ...]:
        """Drop the segments that are no key, such as the tags pydantic adds for a union."""
        if path in self.places:
            return path
        known: tuple[Key, ...] = ()
        for segment in path:
            known = (*known, segment) if (*known, segment) in self.places else known
        return known


def at(file: str, line: int, column: int) -> Span:
    """Return the place of one character, from a line and column that count from zero."""
    return span_of(file, (line, column, line, column + 1))


def span_of(file: str, place: Place) -> Span:
    """Return a place as people count."""
    line, column, end_line, end_column = place
    return Span(file, line + 1, column + 1, end_line + 1, end_column + 1)
