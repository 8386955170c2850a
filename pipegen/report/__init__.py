"""Print diagnostics: for people with the line at fault, for machines as data.

Everything shown is printable: what a terminal or a log would obey rather than show becomes
U+FFFD, and a value that looks like a secret is starred out.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from pipegen.diagnostics import Diagnostic
from pipegen.report import text
from pipegen.report.safe import Lines, Sources, discreet

__all__ = ["Format", "Sources", "render"]


class Format(StrEnum):
    """How diagnostics are printed."""

    HUMAN = "human"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    GITLAB = "gitlab"
    SARIF = "sarif"
    JUNIT = "junit"

    @property
    def is_document(self) -> bool:
        """Whether a reader expects a document even if nothing was found."""
        return self in (Format.JSON, Format.GITLAB, Format.SARIF, Format.JUNIT)


def render(diagnostics: Iterable[Diagnostic], format: Format, sources: Sources, color: bool) -> str:
    """Return the diagnostics as text, sorted by place, without a line end at the end.

    `sources` gives the text of a file, or None if it cannot be shown; only the human format
    has colors. No diagnostics give no text, or an empty document if the format is one.
    """
    from pipegen.report import ci, data, sarif

    ordered = sorted(diagnostics, key=lambda d: d.sort_key)
    lines = Lines(sources, (each.span for each in ordered if each.code == "PG505"))
    found = [discreet(each, lines) for each in ordered]
    match format:
        case Format.HUMAN:
            return text.human(found, lines, color)
        case Format.CONCISE:
            return text.concise(found)
        case Format.JSON:
            return data.array(found)
        case Format.GITHUB:
            return ci.github(found)
        case Format.GITLAB:
            return ci.gitlab(found)
        case Format.SARIF:
            return sarif.log(found)
        case Format.JUNIT:
            return ci.junit(found)
