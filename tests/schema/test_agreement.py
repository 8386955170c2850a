"""What the schema takes is what the model takes, but for the rules a schema cannot tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from pipegen import schema
from pipegen.diagnostics import CompileError
from pipegen.model import SpecModel
from pipegen.resources import resource
from pipegen.source import parse
from tests.schema.documents import Specification, good, mistaken
from tests.schema.language_server import LanguageServer
from tests.schema.mutations import Mutant, mutants, references

SAMPLE, SAMPLE_OF_MISTAKES = 25, 8
"""Mutants of each document: a run takes seconds, and every run takes the same."""

SHOWN = 5
"""Mutants of each that the language server reads too."""

UNTOLD = {
    "argument": "sources: {a: {kind: python, callable: a:b, args: {class: 1}}}",
    "bad_cron": "schedule: {cron: 0 5 30 2 *}",
    "bad_date": "schedule: {after: [a], start: 2026-02-30}",
    "bad_reference": 'description: "{{ run.dat }}"',
    "bad_timezone": "schedule: {after: [a], timezone: Europe/Roma}",
    "callable": "sources: {a: {kind: python, callable: a.class:b}}",
    "expand": "transforms: {a: {project: p, selector: a, expand: runtime}}",
    "needs": "schedule: {cron: 0 5 * * *, catchup: true}",
    "one_of": "schedule: {cron: 0 5 * * *, after: [a]}",
    "overrides": "transforms: {a: {project: p, select: a, granularity: step, "
    "overrides: [{select: a, retries: 1}]}}",
    "macro": "transforms: {a: {project: p, select: a, macro: m}}",
    "select": "transforms: {a: {project: p, command: run-operation, macro: m, select: a}}",
    "specifier": "requires: a",
}
"""What the models refuse, in pydantic's words, and the schema does not, each with an example.

One key asks for another or excludes it; a reference is a language of its own; and which days,
zones and words of Python there are is no pattern.
"""

CONSEQUENCES = {"too_short"}
"""What pydantic adds to other errors: a list is short of the items it refuses."""


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema.text(name)))


def faults(spec: Specification, mutant: Mutant) -> set[str]:
    """Return the types of error the model finds."""
    try:
        spec.model.model_validate(spec.filled(mutant.value, **mutant.variables))
    except ValidationError as error:
        return {found["type"] for found in error.errors(include_url=False, include_input=False)}
    return set()


def readable(specs: list[Specification]) -> list[tuple[Specification, object]]:
    found = []
    for spec in specs:
        with suppress(CompileError):  # some are no document at all
            found.append((spec, spec.read().value))
    return found


MISTAKEN = frozenset(mistaken())
DOCUMENTS = readable([*good(), *mistaken()])


def test_the_schema_takes_what_the_model_takes() -> None:
    wrong = []
    compared = 0
    for number, (spec, value) in enumerate(DOCUMENTS):
        written = Mutant(value, "as written")
        count = SAMPLE_OF_MISTAKES if spec in MISTAKEN else SAMPLE
        for mutant in [written, *mutants(value, count, Random(number))]:
            compared += 1
            found = faults(spec, mutant)
            taken = validator(spec.schema).is_valid(mutant.value)
            if taken and found & UNTOLD.keys() and found <= UNTOLD.keys() | CONSEQUENCES:
                continue
            if taken is bool(found):
                wrong.append(f"{spec}: {mutant.change}: {sorted(found)}")
    assert wrong == []
    assert compared > SAMPLE_OF_MISTAKES * len(DOCUMENTS)


def test_an_editor_judges_as_the_schema_does(editor: LanguageServer, tmp_path: Path) -> None:
    valid: dict[str, bool] = {}
    texts: dict[str, str] = {}
    for number, (spec, value) in enumerate(DOCUMENTS):
        schema_uri = (resource("schemas") / spec.schema).as_uri()
        for place, mutant in enumerate(mutants(value, SHOWN, Random(number))):
            uri = (tmp_path / f"{number}-{place}.yaml").as_uri()
            valid[uri] = validator(spec.schema).is_valid(mutant.value)
            modeline = f"# yaml-language-server: $schema={schema_uri}"
            texts[uri] = f"{modeline}\n{json.dumps(mutant.value)}\n"
    shown = editor.findings(texts)
    assert {texts[uri]: shown[uri] for uri in texts if valid[uri] is bool(shown[uri])} == {}
    assert set(valid.values()) == {True, False}


@pytest.mark.parametrize("fault", UNTOLD)
def test_an_exception_is_one(fault: str) -> None:
    kind = "project" if fault == "specifier" else "pipeline"
    written = parse(f"version: 1\n{kind}: a\n{UNTOLD[fault]}\n", "a.yaml").value
    with pytest.raises(ValidationError) as refused:
        schema.SCHEMAS[f"{kind}.schema.json"].model_validate(written)
    assert {error["type"] for error in refused.value.errors()} - CONSEQUENCES == {fault}
    validator(f"{kind}.schema.json").validate(written)


def test_every_key_of_the_language_stands_in_a_document() -> None:
    written = set()
    for spec in good():
        document = spec.read()
        written |= keys(spec.model.parse(replace(document, value=spec.filled(document.value))))
    defined = {(model, key) for model in models(SpecModel) for key in own(model)}
    missing = {f"{model.__name__}.{key}" for model, key in defined - written}
    assert missing == set(), "write them in pipegen/schema/language"


def models(base: type[SpecModel]) -> Iterator[type[SpecModel]]:
    for model in base.__subclasses__():
        yield model
        yield from models(model)


def own(model: type[SpecModel]) -> set[str]:
    """Return the keys a model defines itself."""
    return model.model_fields.keys() & vars(model).get("__annotations__", {}).keys()


def keys(value: object) -> set[tuple[type, str]]:
    """Return the keys that a document has, each with the model that defines it."""
    match value:
        case SpecModel():
            found = {
                (model, key)
                for model in type(value).mro()
                if issubclass(model, SpecModel)
                for key in own(model) & value.model_fields_set
            }
            return found.union(*(keys(getattr(value, key)) for key in value.model_fields_set))
        case dict():
            return set().union(*map(keys, value.values()))
        case tuple():
            return set().union(*map(keys, value))
    return set()


@pytest.mark.parametrize("spec", [s for s in good() if "pipelines" in s.path.parts], ids=str)
def test_a_reference_may_stand_for_any_value(spec: Specification) -> None:
    value = spec.read().value
    wrong = [
        mutant.change
        for mutant in references(value, spec.filled(value))
        if faults(spec, mutant) or not validator(spec.schema).is_valid(mutant.value)
    ]
    assert wrong == []
