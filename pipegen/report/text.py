"""For people: the line at fault with carets below it, or one line for each finding."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pipegen.diagnostics import Diagnostic, Span
from pipegen.report.safe import Lines, printable

_WIDTH = 100
_BEFORE = 40
_TAB = "    "
_COLORS = {"error": "1;31", "warning": "1;33", "gutter": "1;34", "title": "1"}


def human(found: Sequence[Diagnostic], lines: Lines, color: bool) -> str:
    """Return a block for each finding, and a last line that counts them; nothing for none."""
    if not found:
        return ""
    paint = _painter(color)
    blocks = ["\n".join(_block(each, lines.shown(each.span), paint)) for each in found]
    return "\n\n".join([*blocks, _summary(found)])


def _block(found: Diagnostic, line: str | None, paint: Callable[[str, str], str]) -> Iterator[str]:
    severity = found.severity.value
    width = len(str(found.span.line))
    bar = paint("gutter", f"{' ' * width} |")
    label = paint(severity, f"{severity}[{found.code}]")
    yield f"{label}{paint('title', f': {printable(found.message)}')}"
    yield f"{' ' * width}{paint('gutter', '-->')} {printable(str(found.span))}"
    if line is not None:
        shown = _snippet(line, found.span)
        yield bar
        yield f"{paint('gutter', f'{found.span.line} |')} {shown.text}".rstrip()
        yield f"{bar} {' ' * shown.indent}{paint(severity, '^' * shown.carets)}"
    notes = [("note", f"{each.message}: {each.span}") for each in found.related]
    for kind, text in [*notes, *([("help", found.help)] if found.help else [])]:
        yield f"{' ' * width} {paint('gutter', '=')} {paint('title', kind)}: {printable(text)}"


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
    return printable(text.replace("\t", _TAB))


def _columns(text: str) -> int:
    return sum(_column_width(character) for character in text)


def _column_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _summary(found: Sequence[Diagnostic]) -> str:
    errors = sum(each.is_error for each in found)
    counts = [_count(errors, "error"), _count(len(found) - errors, "warning")]
    files = len({each.span.file for each in found})
    return f"{', '.join(filter(None, counts))} in {_count(files, 'file')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}" if number else ""


def concise(found: Sequence[Diagnostic]) -> str:
    """Return one line for each finding."""
    return "\n".join(map(one_line, found))


def one_line(found: Diagnostic) -> str:
    """Return a finding as one line, which no CI log takes for a command."""
    return f"{_line_start(str(found.span))}: {found.severity}[{found.code}]: " + printable(
        found.message
    )


def _line_start(text: str) -> str:
    """Return a file name that a CI log cannot take for a command, such as `::error`."""
    text = printable(text)
    return text if text[:1].isalnum() or text[:1] in "._/" else f"./{text}"


def _painter(color: bool) -> Callable[[str, str], str]:
    def paint(role: str, text: str) -> str:
        return f"\x1b[{_COLORS[role]}m{text}\x1b[0m" if color else text

    return paint
