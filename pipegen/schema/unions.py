"""Unions of models that a key tells apart: `kind`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

Schema = dict[str, Any]


def by_kind(models: Mapping[str, Schema], named: bool) -> Schema | None:
    """Return a mapping that is read by the model its kind names; None if nothing names one.

    Unless a mapping has to be `named`, one that leaves the kind out is read by the model whose
    kind has a default.
    """
    key = _key(models)
    if key is None:
        return None
    kinds = {name: model["properties"][key] for name, model in models.items()}
    values = {name: _values(kind) for name, kind in kinds.items()}
    defaults = [kind["default"] for kind in kinds.values() if "default" in kind and not named]
    told: Schema = {
        "description": "What kind it is: this decides which other keys it takes.",
        "enum": [value for found in values.values() for value in found],
        "enumDescriptions": [
            kinds[name].get("description", "") for name, found in values.items() for _ in found
        ],
    }
    if defaults:
        told["default"] = defaults[0]
    return {
        "properties": {key: told},
        **({} if defaults else {"required": [key]}),
        "allOf": [
            {
                "if": _condition(key, found, named or "default" not in kinds[name]),
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name, found in values.items()
        ],
    }


def common_name(names: Sequence[str]) -> str:
    """Return the words that all the names end with: `Source` of `HttpSource` and `ShellSource`."""
    split = [re.findall("[A-Z][^A-Z]*", name) for name in names]
    backwards = zip(*(reversed(words) for words in split), strict=False)
    common = [words[0] for words in takewhile(lambda words: len(set(words)) == 1, backwards)]
    return "".join(reversed(common))


def _condition(key: str, values: Sequence[object], must_say: bool) -> Schema:
    named = {"const": values[0]} if len(values) == 1 else {"enum": list(values)}
    condition: Schema = {"type": "object", "properties": {key: named}}
    return {**condition, "required": [key]} if must_say else condition


def _key(models: Mapping[str, Schema]) -> str | None:
    """Return the key whose fixed values tell the models apart."""
    first, *_ = models.values()
    for key in first["properties"]:
        found = [_values(model["properties"].get(key, {})) for model in models.values()]
        every = [value for values in found for value in values]
        if all(found) and len(set(map(repr, every))) == len(every):
            return str(key)
    return None


def _values(rule: Schema) -> list[Any]:
    return list(rule["enum"]) if "enum" in rule else [rule["const"]] if "const" in rule else []
