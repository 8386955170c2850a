"""What may be shown: nothing a terminal would obey, and no secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache

from pipegen.diagnostics import Diagnostic, Related, Span
from pipegen.secrets import SHAPE, WORDS

Sources = Callable[[str], str | None]

_WHOLE_LINES = re.compile(r"\s*[\r\n]+\s*")
_KEYED = re.compile(
    # the value of a key whose name says so, unless it is a reference
    rf"""(?:{WORDS})["']?"""
    r"""\s*[:=]\s*["']?(?!\$\{)(?P<value>[^\s"'{}\[\],#][^"'{}\[\],#]*[^\s"'{}\[\],#])""",
    re.IGNORECASE,
)


class Lines:
    """The lines of the files diagnostics speak of, each file split once.

    What stands at one of `secrets` is never shown, whatever it looks like.
    """

    def __init__(self, sources: Sources, secrets: Iterable[Span] = ()) -> None:
        hidden: dict[tuple[str, int], list[Span]] = {}
        for span in secrets:
            hidden.setdefault((span.file, span.line), []).append(span)

        @cache
        def split(file: str) -> tuple[str, ...]:
            text = sources(file)
            lines = () if text is None else text.removeprefix("\ufeff").split("\n")
            return tuple(line.removesuffix("\r") for line in lines)

        @cache
        def starred(file: str, line: int) -> str:
            text = split(file)[line - 1]
            for span in hidden.get((file, line), ()):
                text = _covered(text, span)
            return _starred(text)

        self._split, self._starred = split, starred

    def at(self, span: Span) -> str | None:
        """Return the line a place starts in; None if the file has no such line."""
        lines = self._split(span.file)
        return lines[span.line - 1] if 0 < span.line <= len(lines) else None

    def shown(self, span: Span) -> str | None:
        """Return that line without its secrets."""
        return None if self.at(span) is None else self._starred(span.file, span.line)


def printable(text: str) -> str:
    """Return the text on one line, without anything a terminal would obey."""
    text = _WHOLE_LINES.sub(" ", text)
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def discreet(found: Diagnostic, lines: Lines) -> Diagnostic:
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


def _covered(line: str, span: Span) -> str:
    """Return the line with stars in the place of a value, but not of its quotes."""
    start = span.column - 1
    if line[start : start + 1] in ("|", ">"):
        return line
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    quoted = line[start : start + 1] in ("'", '"') and end - start > 1
    first, last = (start + 1, end - (span.end_line == span.line)) if quoted else (start, end)
    return line[:first] + "*" * (last - first) + line[last:]


def _starred(text: str) -> str:
    """Return the text with every secret replaced by as many stars."""

    def stars(match: re.Match[str]) -> str:
        named = [name for name in ("value", "password") if match.groupdict().get(name)]
        start, end = (position - match.start() for position in match.span(*named))
        return match[0][:start] + "*" * (end - start) + match[0][end:]

    return SHAPE.sub(stars, _KEYED.sub(stars, text))
