"""For CI servers: annotations of GitHub, Code Quality of GitLab, and JUnit's XML."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby

from pipegen.diagnostics import Diagnostic, Severity
from pipegen.report.data import fingerprinted, sentence
from pipegen.report.safe import printable
from pipegen.report.text import one_line

_GITLAB = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def github(found: Sequence[Diagnostic]) -> str:
    """Return one workflow command for each finding."""
    return "\n".join(map(_annotation, found))


def gitlab(found: Sequence[Diagnostic]) -> str:
    """Return a Code Quality report."""
    issues = [
        {
            "description": printable(sentence(each)),
            "check_name": each.code,
            "fingerprint": fingerprint,
            "severity": _GITLAB[each.severity],
            "location": {
                "path": printable(each.span.file),
                "lines": {"begin": max(each.span.line, 1)},
            },
        }
        for fingerprint, each in fingerprinted(found)
    ]
    return json.dumps(issues, indent=2)


def junit(found: Sequence[Diagnostic]) -> str:
    """Return a test suite with a case for each file: its errors fail it, its warnings are output.

    A case fails once, with all its errors: readers show no more than the first failure.
    """
    from xml.etree import ElementTree as Tree

    files = [(file, list(of)) for file, of in groupby(found, lambda each: each.span.file)]
    failures = sum(any(each.is_error for each in of) for _, of in files)
    counts = {"name": "pipegen", "tests": str(len(files)), "failures": str(failures)}
    suites = Tree.Element("testsuites", counts)
    suite = Tree.SubElement(suites, "testsuite", {**counts, "errors": "0", "skipped": "0"})
    for file, of in files:
        case = {"classname": "pipegen", "name": printable(file), "file": printable(file)}
        element = Tree.SubElement(suite, "testcase", case)
        errors = [each for each in of if each.is_error]
        warnings = [each for each in of if not each.is_error]
        if errors:
            message = printable(errors[0].message)
            more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
            failure = {"type": errors[0].code, "message": message + more}
            Tree.SubElement(element, "failure", failure).text = "\n".join(map(_full, errors))
        if warnings:
            Tree.SubElement(element, "system-out").text = "\n".join(map(_full, warnings))
    Tree.indent(suites)
    text: bytes = Tree.tostring(suites, encoding="us-ascii", xml_declaration=True)
    return text.decode("ascii")


def _full(found: Diagnostic) -> str:
    return one_line(found) + printable(sentence(found).removeprefix(found.message))


def _annotation(found: Diagnostic) -> str:
    span = found.span
    properties = {
        "file": span.file,
        "line": span.line,
        "col": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
        "title": f"pipegen {found.code}",
    }
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::{found.severity} {listed}::{_escaped(sentence(found))}"


def _escaped(text: str) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return printable(text)


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
