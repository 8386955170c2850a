"""SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from pipegen import __version__
from pipegen.diagnostics import Diagnostic, Related, Span
from pipegen.problems.catalog import title
from pipegen.report.data import fingerprinted
from pipegen.report.safe import printable

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def log(found: Sequence[Diagnostic]) -> str:
    """Return a log of one run, with the rules that were broken."""
    codes = sorted({each.code for each in found})
    rules = [{"id": code, "shortDescription": _message(title(code))} for code in codes]
    results = [
        _result(each, codes.index(each.code), fingerprint)
        for fingerprint, each in fingerprinted(found)
    ]
    run = {
        "tool": {"driver": {"name": "pipegen", "version": __version__, "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(found: Diagnostic, rule: int, fingerprint: str) -> dict[str, object]:
    help = f" - {found.help}" if found.help else ""
    related = [_related(number, each) for number, each in enumerate(found.related, start=1)]
    return {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": found.severity.value,
        "message": _message(found.message + help),
        "locations": [_location(found.span)],
        **({"relatedLocations": related} if related else {}),
        "partialFingerprints": {"pipegen/v1": fingerprint},
    }


def _related(number: int, related: Related) -> dict[str, object]:
    return {"id": number, "message": _message(related.message), **_location(related.span)}


def _message(text: str) -> dict[str, str]:
    """Return a text without the links and placeholders of SARIF: `[text](target)` and `{0}`."""
    plain = printable(text).replace("](", "] (")
    return {"text": plain.replace("{", "{{").replace("}", "}}")}


def _location(span: Span) -> dict[str, object]:
    """Return a place, its end after the last character, and never before its start."""
    start = (max(span.line, 1), max(span.column, 1))
    end = max(start, (span.end_line, max(span.end_column, 1)))
    names = ("startLine", "startColumn", "endLine", "endColumn")
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(span.file, errors="replace")},
            "region": dict(zip(names, (*start, *end), strict=True)),
        }
    }
