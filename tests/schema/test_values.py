"""A model's schema for editors: unions told apart, and references where values stand."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from pipegen.schema.editable import editable

REFERENCE = "${var.x}"


class Closed(BaseModel):
    """A model of these tests."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class CatPet(Closed):
    """A cat."""

    kind: Literal["cat"]
    """Purrs."""
    lives: int = 9
    """How many it has left."""


class DogPet(Closed):
    """A dog."""

    kind: Literal["dog", "hound"] = "dog"
    """Barks."""
    name: str
    """What it is called."""


class Plain(Closed):
    """A model that no key tells apart."""

    size: int = 0
    """How large it is."""


def kind_of(raw: Any) -> Any:
    return raw.get("kind", "dog") if isinstance(raw, dict) else "dog"


Named = Annotated[CatPet | DogPet, Field(discriminator="kind")]
Defaulted = Annotated[
    Annotated[CatPet, Tag("cat")] | Annotated[DogPet, Tag("dog")], Discriminator(kind_of)
]

CAT, DOG = {"kind": "cat", "lives": 1}, {"kind": "dog", "name": "a"}


NAMES = (
    *("number", "flag or null", "choice", "choice or null", "choice or model", "pattern"),
    *("text or list", "list", "mapping", "union", "union, other kinds", "union with a default"),
    *("union or null", "model, number or null", "models alike", "lists alike", "anything"),
)


def schema_of(annotation: Any, filled: bool = True) -> dict[str, Any]:
    model = create_model("Whole", __config__=ConfigDict(extra="forbid"), it=(annotation, ...))
    return editable(model.model_json_schema(), "test", filled)


@pytest.mark.parametrize(
    ("annotation", "taken", "refused"),
    [
        (int, [1, REFERENCE], ["a", "a${var.x}", "${var.X}", None]),
        (bool | None, [True, None, REFERENCE], [1, "true"]),
        (Literal["a", "b"], ["a", REFERENCE, "${each.x}b"], ["c", "", 1, "${ENV:X}"]),
        (Literal["a"] | None, ["a", None, REFERENCE], ["b", 1]),
        (Literal[1, False] | Plain, [1, False, {"size": 1}, REFERENCE], [2, {"other": 1}, "a"]),
        (Annotated[str, Field(pattern="^[0-9]s$")], ["1s", "${var.x}s"], ["1", "1s "]),
        (str | list[int], ["a", [1], [REFERENCE]], [1, ["a"]]),
        (Annotated[list[int], Field(min_length=1)], [[1], REFERENCE], [[], "a"]),
        (dict[Annotated[str, Field(pattern="^a")], int], [{"a": 1}, REFERENCE], [{"b": 1}]),
        (Named, [CAT, DOG, REFERENCE], [{"name": "a"}, {"kind": "cow"}, {**CAT, "name": "a"}]),
        (Named, [{"kind": "hound", "name": "a"}, {"kind": REFERENCE}], [{"kind": "hound"}, 1]),
        (Defaulted, [CAT, DOG, {"name": "a"}], [{"lives": 1}, {}, {"kind": "cow", "name": "a"}]),
        (Named | None, [CAT, None], [1, {}]),
        (Plain | int | None, [{"size": 1}, 1, None, REFERENCE], [{"other": 1}, "a", 1.5]),
        (Plain | CatPet, [{"size": 1}, CAT, REFERENCE], [{"size": 1, "lives": 1}, 1]),
        (list[int] | list[bool], [[1], [True], REFERENCE], [[1.5], [1, True]]),
        (Any, [1, "a", None, {"a": []}], []),
    ],
    ids=NAMES,
)
def test_a_value_is_taken_as_it_is_meant(
    annotation: Any, taken: list[Any], refused: list[Any]
) -> None:
    validator = Draft202012Validator(schema_of(annotation))
    assert [value for value in taken if not validator.is_valid({"it": value})] == []
    assert [value for value in refused if validator.is_valid({"it": value})] == []


@pytest.mark.parametrize("annotation", [int, Literal["a"], Plain, Named, list[int]])
def test_where_nothing_is_filled_there_is_no_reference(annotation: Any) -> None:
    schema = schema_of(annotation, filled=False)
    assert not Draft202012Validator(schema).is_valid({"it": REFERENCE})
    assert "reference" not in str(schema)


def test_each_fault_is_told_once_and_where_it_is() -> None:
    """No alternatives are tried: a validator need not guess which of them was meant."""
    validator = Draft202012Validator(schema_of(Named | int))
    [error] = validator.iter_errors({"it": {"kind": "dog", "name": 1}})
    assert list(error.path) == ["it", "name"]
    [error] = validator.iter_errors({"it": {"kind": "cat", "name": "a"}})
    assert "'name' was unexpected" in error.message


def test_a_kind_is_told_with_what_it_does() -> None:
    kind = schema_of(Defaulted, filled=False)["properties"]["it"]["properties"]["kind"]
    assert kind["enum"] == ["cat", "dog", "hound"]
    assert kind["enumDescriptions"] == ["Purrs.", "Barks.", "Barks."]
    assert kind["default"] == "dog"
    assert kind["description"]


def test_a_default_that_nobody_would_write_is_not_told() -> None:
    class Shown(Closed):
        """Defaults."""

        some: int = 3
        none: str | None = None
        empty: tuple[str, ...] = ()
        model: Plain = Plain()

    told = editable(Shown.model_json_schema(), "test", filled=False)["properties"]
    assert {key: rule["default"] for key, rule in told.items() if "default" in rule} == {"some": 3}
