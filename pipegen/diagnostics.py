"""What pipegen tells a person about their input: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePosixPath


class Severity(StrEnum):
    """How a diagnostic affects the outcome: an error stops the pipeline, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a file: lines and columns count from one, in characters, as editors show them.

    `end_line` and `end_column` name the first character after the place.
    """

    file: str
    line: int = 1
    column: int = 1
    end_line: int = 1
    end_column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains a diagnostic, such as where a name was first defined."""

    message: str
    span: Span


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is stable and documented; the wording of `message` may change.

    `refusal` marks a finding that stops pipegen for safety (exit 3 rather than 1).
    """

    code: str
    message: str
    span: Span
    help: str | None = None
    severity: Severity = Severity.ERROR
    related: tuple[Related, ...] = ()
    refusal: bool = False

    @property
    def is_error(self) -> bool:
        """Whether the pipeline it speaks of cannot be compiled."""
        return self.severity is Severity.ERROR

    def below(self, folder: PurePosixPath) -> Diagnostic:
        """Return it with its files named from where `folder` is."""
        return replace(
            self,
            span=replace(self.span, file=str(folder / self.span.file)),
            related=tuple(
                replace(item, span=replace(item.span, file=str(folder / item.span.file)))
                for item in self.related
            ),
        )

    @property
    def sort_key(self) -> tuple[str, int, int, str, str]:
        """By file and position, then by code."""
        return (self.span.file, self.span.line, self.span.column, self.code, self.message)


def once(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Leave out what says the same of the same place: rows of one `for_each` share a mistake."""
    first: dict[tuple[str, Span, str], Diagnostic] = {}
    for each in found:
        first.setdefault((each.code, each.span, each.message), each)
    return list(first.values())


class CompileError(Exception):
    """The input cannot be compiled; carries every diagnostic of the stage, sorted."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(sorted(diagnostics, key=lambda d: d.sort_key))
        super().__init__("; ".join(f"{d.span} {d.code} {d.message}" for d in self.diagnostics))
