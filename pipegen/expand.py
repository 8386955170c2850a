"""From a file to its pipelines: variables filled in, one specification for each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pipegen import problems, references, secrets
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.references import ReferenceProblem
from pipegen.source import Document
from pipegen.spec import PipelineSpec

MAX_ROWS = 1000

Vars = Mapping[str, object]


def specifications(document: Document, variables: Vars | None) -> tuple[PipelineSpec, ...]:
    """Return the pipelines of a file; raise CompileError with every problem of all its rows.

    Without `variables`, because the project is at fault, a file that uses some is let pass.
    """
    if variables is None and "${var." in document.text:
        return ()
    found = dict.fromkeys([*secrets.literal(document), *references.in_keys(document)])
    specs = []
    for filled in _filled(document, variables or {}):
        if isinstance(filled, Document):
            try:
                specs.append(PipelineSpec.parse(filled))
            except CompileError as error:
                found |= dict.fromkeys(error.diagnostics)
        else:
            found |= dict.fromkeys(filled)
    if found:
        raise CompileError(_once(found))
    return tuple(specs)


def _once(found: Mapping[Diagnostic, None]) -> list[Diagnostic]:
    """Leave out what a type says of a secret that has been refused already."""
    refused = {d.span for d in found if d.refusal}
    return [d for d in found if d.refusal or d.span not in refused]


def _filled(document: Document, variables: Vars) -> Iterator[Document | list[Diagnostic]]:
    """Yield the document with its variables filled in, for each row of `for_each` if it has one."""
    value = document.value
    assert isinstance(value, dict), "a document is a mapping"
    if "for_each" not in value:
        yield _fill(document, value, {"var": variables})
        return
    rows, unfilled = references.fill(value["for_each"], {"var": variables})
    if unfilled:
        yield [_problem(document, p, {"var": variables}, ("for_each",)) for p in unfilled]
    elif isinstance(rows, list) and len(rows) > MAX_ROWS:
        span = document.span(("for_each",))
        yield [problems.too_large("number of rows", MAX_ROWS, span)]
    elif wrong := _wrong_rows(document, rows):
        yield wrong
    else:
        assert isinstance(rows, list), "it is well-formed"
        rest = {key: item for key, item in value.items() if key != "for_each"}
        for row in rows:
            yield _fill(document, rest, {"var": variables, "each": row})


def _wrong_rows(document: Document, rows: object) -> list[Diagnostic]:
    """Return what is wrong with the rows, of which the pipelines take only the values."""
    alone = {"version": 1, "pipeline": "of_a_row", "for_each": rows}
    try:
        PipelineSpec.parse(replace(document, value=alone))
    except CompileError as error:
        return list(error.diagnostics)
    return []


def _fill(
    document: Document, value: dict[str, Any], variables: references.Variables
) -> Document | list[Diagnostic]:
    filled, unfilled = references.fill(value, variables)
    if unfilled:
        return [_problem(document, problem, variables) for problem in unfilled]
    assert isinstance(filled, dict), "filling keeps the shape"
    return replace(document, value=filled)


def _problem(
    document: Document,
    problem: ReferenceProblem,
    variables: references.Variables,
    below: tuple[str, ...] = (),
) -> Diagnostic:
    span = document.span((*below, *problem.path))
    if problem.unknown:
        space, name = problem.unknown
        return problems.unknown_variable(name, variables[space], span)
    return problems.bad_reference(problem.text, problem.why, span)
