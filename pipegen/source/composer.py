"""Build a document from libyaml's events: in one pass, so that nothing recurses or grows."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import Any, NoReturn

import yaml

from pipegen import problems
from pipegen.diagnostics import CompileError, Diagnostic, Related, Span
from pipegen.source.characters import FORBIDDEN
from pipegen.source.document import Document, Key, Place, at, span_of

MAX_DEPTH = 32
MAX_NODES = 200_000
MAX_SCALAR = 64_000
MAX_PROBLEMS = 100

_WORDS = dict.fromkeys(("", "~", "null", "Null", "NULL"))
_WORDS |= dict.fromkeys(("true", "True", "TRUE"), True)
_WORDS |= dict.fromkeys(("false", "False", "FALSE"), False)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]{1,18}(?:\.[0-9]*)?)(?:[eE][-+][0-9]{1,3})?", re.ASCII)
_AMBIGUOUS = re.compile(
    r"y|yes|n|no|on|off"
    r"|[-+]?0[0-9]+|[-+]?0[xob][0-9a-f_]+|[-+]?[0-9]+_[0-9_.]*"  # octal, other bases, separators
    r"|[-+]?[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?"  # base sixty
    r"|[-+]?[0-9]+e[-+]?[0-9]+|[-+]?[0-9]*\.[0-9]*e[0-9]+"  # an exponent without point or sign
    r"|[-+]?\.inf|\.nan",
    re.ASCII | re.IGNORECASE,
)
_LONGEST_WORD = 5
"""No word that is ambiguous has more letters; what else is, begins like a number."""
_NUMERIC = frozenset("0123456789+-.")
_HELP = {
    "mapping values are not allowed in this context": "quote a value that holds `: `",
    "found character that cannot start any token": "quote the value; indent with spaces, not tabs",
}


class _Open:
    """A collection whose end has not come yet; `place` is where the next value goes, if known."""

    __slots__ = ("key", "path", "place", "value")

    def __init__(self, value: dict[str, object] | list[object], path: tuple[Key, ...]) -> None:
        self.value = value
        self.path = path
        self.key = ""
        self.place: tuple[Key, ...] | None = None

    @property
    def wants_key(self) -> bool:
        return self.place is None and type(self.value) is dict

    def add(self, value: object) -> tuple[Key, ...]:
        """Add a value, and return its path."""
        if type(self.value) is list:
            path = (*self.path, len(self.value))
            self.value.append(value)
            return path
        assert type(self.value) is dict, "a collection is one of the two"
        assert self.place is not None, "its key came before"
        path, self.place = self.place, None
        self.value[self.key] = value
        return path


class Composer:
    """Builds a document from events, and collects what is wrong with it on the way."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.problems: list[Diagnostic] = []
        self.places: dict[tuple[Key, ...], Place] = {}
        self.keys: dict[tuple[Key, ...], Place] = {}
        self.open: list[_Open] = []
        self.root: object = None
        self.documents = self.nodes = 0

    def document(self) -> Document:
        """Return the document; raise CompileError with all that is wrong with it."""
        take = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._begin,
            yaml.SequenceStartEvent: self._begin,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start,
        }
        try:
            parser = yaml.CSafeLoader(self.text)
            while type(event := parser.get_event()) is not yaml.StreamEndEvent:
                if handler := take.get(type(event)):
                    handler(event)
        except yaml.YAMLError as error:
            self._report(self._syntax(error))
        if not self.problems and not isinstance(self.root, dict):
            place = self.places.get((), (0, 0, 0, 0))
            self._report(problems.not_a_mapping(span_of(self.file, place)))
        if self.problems:
            raise CompileError(self.problems)
        return Document(self.file, self.text, self.root, self.places, self.keys)

    def _syntax(self, error: Any) -> Diagnostic:
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        mark, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
        message = f"{error.context}: {problem}" if start else problem
        span = at(self.file, mark.line, mark.column) if mark else Span(self.file)
        place = at(self.file, start.line, start.column) if start else span
        related = () if place == span else (Related("it starts here", place),)
        found = problems.yaml_syntax(message, span)
        return replace(found, help=_HELP.get(problem), related=related)

    def _start(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1 or event.version or event.tags:
            self._stop(problems.several_documents(self._span(event)))

    def _scalar(self, event: Any) -> None:
        start, end, text = event.start_mark, event.end_mark, event.value
        place = (start.line, start.column, end.line, end.column)
        self.nodes += 1
        if self.nodes > MAX_NODES or event.anchor is not None or event.tag is not None:
            self._check(event)
        if len(text) > MAX_SCALAR:
            self._report(problems.too_large("length of a value", MAX_SCALAR, self._span(event)))
        # what stands in the file as it is has been looked at: an escape may hide another
        if event.style == '"' and (hidden := FORBIDDEN.search(text)):
            self._report(problems.forbidden_character(ord(hidden[0]), self._span(event)))
        if self.open and self.open[-1].wants_key:
            self._key(text, event, place)
        else:
            self._add(self._typed(text, event) if event.implicit[0] else text, place)

    def _key(self, text: str, event: Any, place: Place) -> None:
        mapping = self.open[-1]
        mapping.key, mapping.place = text, (*mapping.path, text)
        first = self.keys.setdefault(mapping.place, place)
        if text == "<<" and event.implicit[0]:
            self._report(problems.anchor(self._span(event)))
        elif first is not place:
            there = span_of(self.file, first)
            self._report(problems.duplicate_key(_short(text), self._span(event), there))

    def _typed(self, text: str, event: Any) -> object:
        """Return what YAML 1.2's core schema reads in a plain scalar.

        A number too large to be one everywhere stays the text it is.
        """
        if text in _WORDS:
            return _WORDS[text]
        if len(text) > _LONGEST_WORD and text[0] not in _NUMERIC:
            return text
        if _AMBIGUOUS.fullmatch(text):
            self._report(problems.ambiguous_scalar(_short(text), self._span(event)))
        elif _INTEGER.fullmatch(text):
            return int(text)
        elif _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        return text

    def _begin(self, event: Any) -> None:
        line, column = event.start_mark.line, event.start_mark.column
        self.nodes += 1
        self._check(event)
        if len(self.open) >= MAX_DEPTH:
            self._stop(problems.too_large("nesting of values", MAX_DEPTH, self._first(event)))
        if self.open and self.open[-1].wants_key:
            if not self.text.split("\n")[line].startswith("{{", column - 1):
                self._stop(problems.key_not_text(self._first(event)))
            span = span_of(self.file, (line, column - 1, line, column + 1))
            found = problems.key_not_text(span)
            self._stop(replace(found, help="quote a value that starts with `{{`"))
        value: Any = {} if type(event) is yaml.MappingStartEvent else []
        path = self._add(value, (line, column, line, column + 1))
        self.open.append(_Open(value, path))

    def _end(self, event: Any) -> None:
        self.open.pop()

    def _alias(self, event: Any) -> None:
        found = problems.anchor(self._span(event))
        if not self.open or self.open[-1].wants_key:
            self._stop(found)
        if self.open[-1].key != "<<":
            self._report(found)
        line, column = event.start_mark.line, event.start_mark.column
        self._add(None, (line, column, event.end_mark.line, event.end_mark.column))

    def _add(self, value: object, place: Place) -> tuple[Key, ...]:
        path: tuple[Key, ...] = ()
        if self.open:
            path = self.open[-1].add(value)
        else:
            self.root = value
        self.places[path] = place
        return path

    def _check(self, event: Any) -> None:
        if self.nodes > MAX_NODES:
            self._stop(problems.too_large("number of values", MAX_NODES, self._first(event)))
        if event.anchor is not None:
            self._report(problems.anchor(self._first(event)))
        if event.tag is not None:
            name = _short(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self._report(problems.tag(name, self._first(event)))

    def _first(self, event: Any) -> Span:
        """Return the place of a scalar, or of the first character of a collection."""
        if type(event) is yaml.ScalarEvent:
            return self._span(event)
        return at(self.file, event.start_mark.line, event.start_mark.column)

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return span_of(self.file, (start.line, start.column, end.line, end.column))

    def _report(self, problem: Diagnostic) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            raise CompileError(self.problems)

    def _stop(self, problem: Diagnostic) -> NoReturn:
        raise CompileError([*self.problems, problem])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
