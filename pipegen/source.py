"""Read YAML into plain values that know where they were written.

One pass over libyaml's events, so nothing recurses and nothing grows: what a reviewer cannot
see, what parsers read differently, and what expands in memory is refused, with its place.
"""

from __future__ import annotations

import math
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NoReturn

import yaml

from pipegen import problems
from pipegen.characters import FORBIDDEN
from pipegen.diagnostics import CompileError, Diagnostic, Related, Span

Key = str | int

MAX_SIZE = 2_000_000
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
_HELP = {
    "mapping values are not allowed in this context": "quote a value that holds `: `",
    "found character that cannot start any token": "quote the value; indent with spaces, not tabs",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its text, its plain value, and the place of every value and key in it."""

    file: str
    text: str
    value: object
    places: Mapping[tuple[Key, ...], Span]
    keys: Mapping[tuple[Key, ...], Span]

    def span(self, path: tuple[Key, ...]) -> Span:
        """Return the place of the value at `path`, or of its nearest ancestor that exists."""
        return self.places[self._known(path)]

    def key_span(self, path: tuple[Key, ...]) -> Span:
        """Return the place of the key that holds the value, or as near to it as there is one."""
        known = self._known(path)
        return self.keys.get(known, self.places[known])

    def _known(self, path: tuple[Key, ...]) -> tuple[Key, ...]:
        """Drop the segments that are no key, such as the tags pydantic adds for a union."""
        known: tuple[Key, ...] = ()
        for segment in path:
            known = (*known, segment) if (*known, segment) in self.places else known
        return known


def read(path: Path, file: str) -> Document:
    """Read the file at `path`, which people know as `file`; raise CompileError if it is at fault.

    Only a regular file is opened, and no more of it is read than the limit allows.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CompileError([problems.unreadable("it is not a regular file", Span(file))])
        with path.open("rb") as stream:
            data = stream.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CompileError([problems.unreadable(reason, Span(file))]) from error
    return decode(data, file)


def decode(data: bytes, file: str) -> Document:
    """Parse the bytes of `file`; raise CompileError if they are at fault."""
    if len(data) > MAX_SIZE:
        raise CompileError([problems.too_large("file size in bytes", MAX_SIZE, Span(file))])
    try:
        return parse(data.decode("utf-8"), file)
    except UnicodeDecodeError as error:
        lines = data[: error.start].decode("utf-8").split("\n")
        span = _at(file, len(lines) - 1, len(lines[-1]))
        raise CompileError([problems.unreadable("it is not UTF-8 text", span)]) from None


def parse(text: str, file: str) -> Document:
    """Parse the text of `file`; raise CompileError with every fault that can be known at once."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_SIZE:
        raise CompileError([problems.too_large("file size in characters", MAX_SIZE, Span(file))])
    if hidden := tuple(islice(_hidden(text, file), MAX_PROBLEMS)):
        raise CompileError(hidden)
    return _Composer(text, file).document()


def _hidden(text: str, file: str) -> Iterator[Diagnostic]:
    line = start = 0
    for match in FORBIDDEN.finditer(text):
        line += text.count("\n", start, match.start())
        start = match.start()
        span = _at(file, line, start - text.rfind("\n", 0, start) - 1)
        yield problems.forbidden_character(ord(match[0]), span)


def _at(file: str, line: int, column: int) -> Span:
    """Return the place of one character, from a line and column that count from zero."""
    return Span(file, line + 1, column + 1, line + 1, column + 2)


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet; `key` waits for its value."""

    value: dict[str, object] | list[object]
    path: tuple[Key, ...]
    key: str | None = None

    @property
    def wants_key(self) -> bool:
        return self.key is None and isinstance(self.value, dict)

    @property
    def place(self) -> tuple[Key, ...]:
        return (*self.path, len(self.value) if self.key is None else self.key)

    def add(self, value: object) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not None:
            self.value[self.key] = value
            self.key = None


class _Composer:
    """Builds a document from events, and collects what is wrong with it on the way."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.problems: list[Diagnostic] = []
        self.places: dict[tuple[Key, ...], Span] = {}
        self.keys: dict[tuple[Key, ...], Span] = {}
        self.open: list[_Open] = []
        self.root: object = None
        self.documents = self.nodes = 0

    def document(self) -> Document:
        try:
            for event in yaml.parse(self.text, Loader=yaml.CSafeLoader):
                self._take(event)
        except yaml.YAMLError as error:
            self._report(self._syntax(error))
        if not self.problems and not isinstance(self.root, dict):
            self._report(problems.not_a_mapping(self.places.get((), Span(self.file))))
        if self.problems:
            raise CompileError(self.problems)
        return Document(self.file, self.text, self.root, self.places, self.keys)

    def _syntax(self, error: Any) -> Diagnostic:
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        mark, start = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
        message = f"{error.context}: {problem}" if start else problem
        span = _at(self.file, mark.line, mark.column) if mark else Span(self.file)
        place = _at(self.file, start.line, start.column) if start else span
        related = () if place == span else (Related("it starts here", place),)
        found = problems.yaml_syntax(message, span)
        return replace(found, help=_HELP.get(problem), related=related)

    def _take(self, event: yaml.Event) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.CollectionStartEvent():
                self._begin(event)
            case yaml.CollectionEndEvent():
                self._close(self.open.pop().value)
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self.documents += 1
                if self.documents > 1 or event.version or event.tags:
                    self._stop(problems.several_documents(self._span(event)))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        span = self._span(event)
        self._check(event, span)
        text = event.value
        if len(text) > MAX_SCALAR:
            self._report(problems.too_large("length of a value", MAX_SCALAR, span))
        if hidden := FORBIDDEN.search(text):
            self._report(problems.forbidden_character(ord(hidden[0]), span))
        if self.open and self.open[-1].wants_key:
            self._key(text, event, span)
        else:
            self._add(self._typed(text, span) if event.implicit[0] else text, span)

    def _key(self, text: str, event: yaml.ScalarEvent, span: Span) -> None:
        mapping = self.open[-1]
        mapping.key = text
        first = self.keys.setdefault(mapping.place, span)
        if text == "<<" and event.implicit[0]:
            self._report(problems.anchor(span))
        elif text in mapping.value:
            self._report(problems.duplicate_key(_short(text), span, first))

    def _typed(self, text: str, span: Span) -> object:
        """Return what YAML 1.2's core schema reads in a plain scalar.

        A number too large to be one everywhere stays the text it is.
        """
        if text in _WORDS:
            return _WORDS[text]
        if _AMBIGUOUS.fullmatch(text):
            self._report(problems.ambiguous_scalar(_short(text), span))
        elif _INTEGER.fullmatch(text):
            return int(text)
        elif _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        return text

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        here = self._span(event)
        span = _at(self.file, here.line - 1, here.column - 1)
        self._check(event, span)
        if len(self.open) >= MAX_DEPTH:
            self._stop(problems.too_large("nesting of values", MAX_DEPTH, span))
        if self.open and self.open[-1].wants_key:
            if not self.text.split("\n")[span.line - 1].startswith("{{", span.column - 2):
                self._stop(problems.key_not_text(span))
            found = problems.key_not_text(replace(span, column=span.column - 1))
            self._stop(replace(found, help="quote a value that starts with `{{`"))
        path = self.open[-1].place if self.open else ()
        self.places[path] = span
        self.open.append(_Open({} if isinstance(event, yaml.MappingStartEvent) else [], path))

    def _alias(self, event: yaml.AliasEvent) -> None:
        span = self._span(event)
        found = problems.anchor(span)
        if not self.open or self.open[-1].wants_key:
            self._stop(found)
        if self.open[-1].key != "<<":
            self._report(found)
        self._add(None, span)

    def _add(self, value: object, span: Span) -> None:
        self.places[self.open[-1].place if self.open else ()] = span
        self._close(value)

    def _close(self, value: object) -> None:
        if self.open:
            self.open[-1].add(value)
        else:
            self.root = value

    def _check(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, span: Span) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._stop(problems.too_large("number of values", MAX_NODES, span))
        if event.anchor is not None:
            self._report(problems.anchor(span))
        if event.tag is not None:
            name = _short(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self._report(problems.tag(name, span))

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        assert start, "libyaml marks where every event starts"
        assert end, "and where it ends"
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def _report(self, problem: Diagnostic) -> None:
        self.problems.append(problem)
        if len(self.problems) >= MAX_PROBLEMS:
            raise CompileError(self.problems)

    def _stop(self, problem: Diagnostic) -> NoReturn:
        raise CompileError([*self.problems, problem])


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"
