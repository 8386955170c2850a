"""How a schema is laid out: what is repeated is named, and keywords have one order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

_ORDER = (
    *("$schema", "$id", "$ref", "title", "description", "default", "examples"),
    *("type", "const", "enum", "enumDescriptions", "pattern", "patternErrorMessage"),
    *("required", "additionalProperties", "propertyNames", "properties", "items"),
    *("anyOf", "allOf", "if", "then", "else", "$defs"),
)
_RANK = {key: place for place, key in enumerate(_ORDER)}
_NAMED = ("properties", "$defs")
_OFTEN = 3
_WIDTH = 90


def used(root: Schema, defs: Schema) -> Schema:
    """Return those of the definitions that the root refers to, directly or not, by name."""
    found: Schema = {}
    waiting = [root]
    while waiting:
        for node in _nodes(waiting.pop()):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name in defs and name not in found:
                found[name] = defs[name]
                waiting.append(defs[name])
    return dict(sorted(found.items()))


def shared(schema: Schema) -> Schema:
    """Return the schema with each property that many models have written once, by its name."""
    models = [schema, *schema["$defs"].values()]
    properties = (item for model in models for item in model.get("properties", {}).items())
    counts = Counter((key, json.dumps(rule)) for key, rule in properties)
    defs = dict(schema["$defs"])
    names: dict[tuple[str, str], str] = {}
    for (key, written), count in counts.items():
        if count >= _OFTEN:
            same = sum(known == key for known, _ in names)
            names[key, written] = f"{key}_{same + 1}" if same else key
            defs[names[key, written]] = json.loads(written)
    referring = {key: _referring(rule, names) for key, rule in defs.items()}
    return {**_referring(schema, names), "$defs": dict(sorted(referring.items()))}


def text(schema: Any, indent: int = 0) -> str:
    """Return JSON, in which whatever fits in a line is on one."""
    line = json.dumps(schema, ensure_ascii=False)
    if len(line) + indent <= _WIDTH or not isinstance(schema, dict | list):
        return line
    if isinstance(schema, dict):
        parts = [f"{json.dumps(key)}: {text(part, indent + 2)}" for key, part in schema.items()]
    else:
        parts = [text(part, indent + 2) for part in schema]
    inner = ",\n".join(" " * (indent + 2) + part for part in parts)
    whole = f"\n{inner}\n{' ' * indent}"
    return f"{{{whole}}}" if isinstance(schema, dict) else f"[{whole}]"


def ordered(schema: Any, named: bool = False) -> Any:
    """Return the schema with its keywords in one order; the names of things stay as they come."""
    match schema:
        case dict():
            keys = list(schema) if named else sorted(schema, key=lambda k: (_RANK.get(k, 99), k))
            return {key: ordered(schema[key], not named and key in _NAMED) for key in keys}
        case list():
            return [ordered(part) for part in schema]
    return schema


def _referring(model: Schema, names: dict[tuple[str, str], str]) -> Schema:
    if "properties" not in model:
        return model
    properties = {}
    for key, rule in model["properties"].items():
        name = names.get((key, json.dumps(rule)))
        properties[key] = {"$ref": f"#/$defs/{name}"} if name else rule
    return {**model, "properties": properties}


def _nodes(schema: Any) -> Iterator[Schema]:
    match schema:
        case dict():
            yield schema
            for part in schema.values():
                yield from _nodes(part)
        case list():
            for part in schema:
                yield from _nodes(part)
