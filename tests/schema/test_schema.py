"""The JSON Schemas editors use are those of the models, and are sound."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pipegen import resources, schema
from pipegen.resources import resource
from tests.schema.documents import Specification, good

NAMES = tuple(schema.SCHEMAS)
MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)$", re.MULTILINE)
PROJECTS = [spec for spec in good() if "snapshot" not in spec.path.parts]


def loaded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(schema.text(name))
    return found


def nodes(part: object) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        part = list(part.values())
    for inner in part if isinstance(part, list) else ():
        yield from nodes(inner)


@pytest.mark.parametrize("name", NAMES)
def test_a_committed_schema_is_current(name: str) -> None:
    committed = (resource("schemas") / name).read_text(encoding="utf-8")
    assert committed == schema.text(name), "run `python -m pipegen.schema`"


def test_no_file_is_left_over() -> None:
    assert {path.name for path in resource("schemas").iterdir()} == set(NAMES)


def test_the_module_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "resource", lambda _: tmp_path)
    runpy.run_module("pipegen.schema", run_name="__main__")
    assert {path.name for path in tmp_path.iterdir()} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_schema_of_its_dialect(name: str) -> None:
    whole = loaded(name)
    Draft202012Validator.check_schema(whole)
    assert whole["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert whole["$id"]
    assert whole["title"]


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_in_it_leads_somewhere_and_every_definition_is_used(name: str) -> None:
    whole = loaded(name)
    used = {node["$ref"] for node in nodes(whole) if isinstance(node.get("$ref"), str)}
    assert used == {f"#/$defs/{key}" for key in whole["$defs"]}


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_described(name: str) -> None:
    whole = loaded(name)
    bare = [
        f"{title}.{key}"
        for title, model in [("", whole), *whole["$defs"].items()]
        for key, rule in model.get("properties", {}).items()
        if not (rule.get("description") or described(whole, rule))
    ]
    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_an_example_that_it_takes(name: str) -> None:
    whole = loaded(name)
    shown = 0
    for title, model in [("", whole), *whole["$defs"].items()]:
        for key, rule in model.get("properties", {}).items():
            named = whole["$defs"].get(rule.get("$ref", "").rpartition("/")[2], {})
            examples = rule.get("examples") or named.get("examples")
            assert examples, f"{title}.{key}"
            for example in examples:
                Draft202012Validator({**rule, "$defs": whole["$defs"]}).validate(example)
                shown += 1
    assert shown > 50


def described(whole: dict[str, Any], rule: dict[str, Any]) -> bool:
    shared = whole["$defs"].get(rule.get("$ref", "").rpartition("/")[2], {})
    return bool(shared.get("description"))


def properties(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas of values below a node: a key named `default` is none of them."""
    if "type" in node:
        yield from node.get("properties", {}).values()


@pytest.mark.parametrize("name", NAMES)
def test_a_default_is_a_value_the_schema_takes(name: str) -> None:
    whole = loaded(name)
    rules = [rule for node in nodes(whole) for rule in properties(node) if "default" in rule]
    assert rules
    for rule in rules:
        held = Draft202012Validator({**rule, "$defs": whole["$defs"]})
        assert held.is_valid(rule["default"]), rule


@pytest.mark.parametrize("name", NAMES)
def test_a_pattern_means_the_same_to_every_engine(name: str) -> None:
    """Of what engines differ in, the ends of a text and shorthand classes are not used."""
    patterns = {n["pattern"] for n in nodes(loaded(name)) if isinstance(n.get("pattern"), str)}
    assert patterns
    for pattern in patterns:
        re.compile(pattern)
        assert not re.search(r"\\[AZzbdswDSW]", pattern), pattern


@pytest.mark.parametrize("spec", PROJECTS, ids=str)
def test_an_example_names_the_schema_an_editor_checks_it_with(spec: Specification) -> None:
    found = MODELINE.search(spec.path.read_text(encoding="utf-8"))
    assert found
    assert (spec.path.parent / found[1]).resolve() == resource("schemas") / spec.schema
