"""Print diagnostics: for people with the line at fault, for machines as data.

Everything shown is printable: what a terminal or a log would obey rather than show becomes
U+FFFD, and a value that looks like a secret is starred out.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from pipegen.diagnostics import Diagnostic, Related, Span

Sources = Callable[[str], str | None]

_WIDTH = 100
_BEFORE = 40
_TAB = "    "
_WHOLE_LINES = re.compile(r"\s*[\r\n]+\s*")
_SECRET = re.compile(
    # the value of a key whose name says so, unless it is a reference
    r"""(?:passw(?:or)?d|secret|token|api_?key|private_?key|access_?key|webhook|credential)["']?"""
    r"""\s*[:=]\s*["']?(?!\$\{)(?P<value>[^\s"'{}\[\],#][^"'{}\[\],#]*[^\s"'{}\[\],#])"""
    # a password in a URL, and the shapes that vendors give their tokens
    r"""|://[^\s/:@]*:(?P<password>[^\s/@]+)@"""
    r"""|\b(?P<shape>(?:AKIA|ASIA)[0-9A-Z]{16}|gh[pousr]_\w{20,}|github_pat_\w{20,}"""
    r"""|xox[abprs]-[\w-]{10,}|sk-[\w-]{20,}|glpat-[\w-]{16,}|dapi[0-9a-f]{32}"""
    r"""|eyJ[\w-]{8,100}\.[\w-]{8,100}\.[\w-]*)""",
    re.IGNORECASE,
)
_COLORS = {"error": "1;31", "warning": "1;33", "gutter": "1;34", "title": "1"}


class Format(StrEnum):
    """How diagnostics are printed."""

    HUMAN = "human"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"


def render(diagnostics: Iterable[Diagnostic], format: Format, sources: Sources, color: bool) -> str:
    """Return the diagnostics as text, sorted by place, without a line end at the end.

    `sources` gives the text of a file, or None if it cannot be shown; only the human format
    has colors. No diagnostics give no text, and an empty array as JSON.
    """
    lines = _Lines(sources)
    found = [_discreet(each, lines) for each in sorted(diagnostics, key=lambda d: d.sort_key)]
    match format:
        case Format.HUMAN:
            return _human(found, lines, _painter(color))
        case Format.CONCISE:
            return "\n".join(map(_concise, found))
        case Format.JSON:
            return json.dumps([_record(each) for each in found], indent=2)
        case Format.GITHUB:
            return "\n".join(map(_annotation, found))


class _Lines:
    """The lines of the files diagnostics speak of, each file split once."""

    def __init__(self, sources: Sources) -> None:
        @cache
        def split(file: str) -> tuple[str, ...]:
            text = sources(file)
            lines = () if text is None else text.removeprefix("\ufeff").split("\n")
            return tuple(line.removesuffix("\r") for line in lines)

        @cache
        def starred(file: str, line: int) -> str:
            return _starred(split(file)[line - 1])

        self._split, self._starred = split, starred

    def at(self, span: Span) -> str | None:
        """Return the line a place starts in; None if the file has no such line."""
        lines = self._split(span.file)
        return lines[span.line - 1] if 0 < span.line <= len(lines) else None

    def shown(self, span: Span) -> str | None:
        """Return that line without its secrets."""
        return None if self.at(span) is None else self._starred(span.file, span.line)


def _human(found: list[Diagnostic], lines: _Lines, paint: Callable[[str, str], str]) -> str:
    if not found:
        return ""
    blocks = ["\n".join(_block(each, lines.shown(each.span), paint)) for each in found]
    return "\n\n".join([*blocks, _summary(found)])


def _block(found: Diagnostic, line: str | None, paint: Callable[[str, str], str]) -> Iterator[str]:
    severity = found.severity.value
    width = len(str(found.span.line))
    bar = paint("gutter", f"{' ' * width} |")
    label = paint(severity, f"{severity}[{found.code}]")
    yield f"{label}{paint('title', f': {_printable(found.message)}')}"
    yield f"{' ' * width}{paint('gutter', '-->')} {_printable(str(found.span))}"
    if line is not None:
        shown = _snippet(line, found.span)
        yield bar
        yield f"{paint('gutter', f'{found.span.line} |')} {shown.text}".rstrip()
        yield f"{bar} {' ' * shown.indent}{paint(severity, '^' * shown.carets)}"
    notes = [("note", f"{each.message}: {each.span}") for each in found.related]
    for kind, text in [*notes, *([("help", found.help)] if found.help else [])]:
        yield f"{' ' * width} {paint('gutter', '=')} {paint('title', kind)}: {_printable(text)}"


@dataclass(frozen=True, slots=True)
class _Snippet:
    """A line as shown, and where below it the carets stand, in terminal columns."""

    text: str
    indent: int
    carets: int


def _snippet(line: str, span: Span) -> _Snippet:
    """Cut a long line around the place, and measure it as a terminal does."""
    start = min(max(span.column - 1, 0), len(line))
    end = len(line) if span.end_line > span.line else min(max(span.end_column - 1, 0), len(line))
    first = start - _BEFORE if len(line) > _WIDTH and start > _BEFORE else 0
    last = min(len(line), first + _WIDTH)
    left, right = "…" if first else "", "…" if last < len(line) else ""
    before = left + _shown(line[first:start])
    marked = _shown(line[start : min(end, last)])
    text = before + _shown(line[start:last]) + right
    return _Snippet(text, _columns(before), max(1, _columns(marked)))


def _shown(text: str) -> str:
    return _printable(text.replace("\t", _TAB))


def _columns(text: str) -> int:
    return sum(_column_width(character) for character in text)


def _column_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _summary(found: list[Diagnostic]) -> str:
    errors = sum(each.is_error for each in found)
    counts = [_count(errors, "error"), _count(len(found) - errors, "warning")]
    files = len({each.span.file for each in found})
    return f"{', '.join(filter(None, counts))} in {_count(files, 'file')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}" if number else ""


def _concise(found: Diagnostic) -> str:
    return f"{_line_start(str(found.span))}: {found.severity}[{found.code}]: " + _printable(
        found.message
    )


def _line_start(text: str) -> str:
    """Return a file name that a CI log cannot take for a command, such as `::error`."""
    text = _printable(text)
    return text if text[:1].isalnum() or text[:1] in "._/" else f"./{text}"


def _record(found: Diagnostic) -> dict[str, object]:
    return {
        "code": found.code,
        "severity": found.severity.value,
        "message": found.message,
        "help": found.help,
        **_place(found.span),
        "related": [{"message": each.message, **_place(each.span)} for each in found.related],
        "refusal": found.refusal,
    }


def _place(span: Span) -> dict[str, object]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _annotation(found: Diagnostic) -> str:
    span = found.span
    notes = "".join(f" ({each.message}: {each.span})" for each in found.related)
    properties = {
        "file": span.file,
        "line": span.line,
        "col": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
        "title": f"pipegen {found.code}",
    }
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    text = found.message + notes + (f" - {found.help}" if found.help else "")
    return f"::{found.severity} {listed}::{_escaped(text)}"


def _escaped(text: str) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return _printable(text)


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _printable(text: str) -> str:
    """Return the text on one line, without anything a terminal would obey."""
    text = _WHOLE_LINES.sub(" ", text)
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def _discreet(found: Diagnostic, lines: _Lines) -> Diagnostic:
    """Star out what looks like a secret, and what the place holds if that does."""
    line = lines.at(found.span) or ""
    place = slice(found.span.column - 1, found.span.end_column - 1)
    shown = (lines.shown(found.span) or "")[place]
    secret = line[place].strip("\"'") if shown != line[place] else ""

    def covered(text: str) -> str:
        text = _starred(text)
        return text.replace(secret, "****") if secret else text

    return replace(
        found,
        message=covered(found.message),
        help=covered(found.help) if found.help else None,
        related=tuple(Related(covered(each.message), each.span) for each in found.related),
    )


def _starred(text: str) -> str:
    """Return the text with every secret replaced by as many stars."""

    def stars(match: re.Match[str]) -> str:
        kind = match.lastgroup or "value"
        start, end = (position - match.start() for position in match.span(kind))
        return match[0][:start] + "*" * (end - start) + match[0][end:]

    return _SECRET.sub(stars, text)


def _painter(color: bool) -> Callable[[str, str], str]:
    def paint(role: str, text: str) -> str:
        return f"\x1b[{_COLORS[role]}m{text}\x1b[0m" if color else text

    return paint
