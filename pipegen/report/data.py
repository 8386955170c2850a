"""Findings as data: pipegen's own JSON, and what names a finding from one run to the next."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256

from pipegen.diagnostics import Diagnostic, Span


def array(found: Sequence[Diagnostic]) -> str:
    """Return the findings as one JSON array."""
    return json.dumps([_record(each) for each in found], indent=2)


def fingerprinted(found: Sequence[Diagnostic]) -> Iterator[tuple[str, Diagnostic]]:
    """Pair each finding with a name that no other has, and that stays when its line moves."""
    seen: Counter[tuple[str, str, str]] = Counter()
    for each in found:
        same = (each.span.file, each.code, each.message)
        text = json.dumps([*same, seen[same]])
        seen[same] += 1
        yield sha256(text.encode()).hexdigest()[:32], each


def sentence(found: Diagnostic) -> str:
    """Return the message, the second places and the way out, as one text."""
    notes = "".join(f" ({each.message}: {each.span})" for each in found.related)
    return found.message + notes + (f" - {found.help}" if found.help else "")


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
