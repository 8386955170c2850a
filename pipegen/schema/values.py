"""The schema of one value: what pydantic says, with references, and told by types and kinds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipegen.schema.unions import by_kind, common_name

Schema = dict[str, Any]

_REFERENCE = r"\$\{(var|each)\.[a-z][a-z0-9_]{0,62}\}"
REFERENCES: Schema = {
    "reference": {
        "pattern": f"^{_REFERENCE}$",
        "patternErrorMessage": "Text can stand here only as a reference, such as ${var.name}.",
    },
    "with_reference": {"pattern": _REFERENCE},
}
"""Text that is a reference, and text that holds one: neither speaks of what is no text."""

_DATE = r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
_NOTES = ("title", "description", "default", "examples", "deprecated")
_TYPES = ("object", "array", "boolean", "integer", "number", "string", "null")


class Values:
    """Writes schemas of values.

    `named` are the schemas pydantic gave a name; `filled` says whether a reference may stand for
    any value. `described` collects the models that keys with a description of their own take: an
    editor shows one description, and what a key is for tells more than what its value is.
    """

    def __init__(self, named: Schema, filled: bool) -> None:
        self.named = named
        self.filled = filled
        self.described: set[str] = set()

    def property(self, schema: Schema) -> Schema:
        """Return the schema of a key's value: pydantic leaves out what its model says as well."""
        model = self.named[_name(schema)] if "$ref" in schema else {}
        return self.value({"description": model.get("description", ""), **schema})

    def value(self, schema: Schema) -> Schema:
        """Return the schema of a value, with what is worth telling of it."""
        rule = {key: part for key, part in schema.items() if key not in _NOTES}
        parts = [_portable(part) for part in self._alternatives(rule)]
        if "description" in schema:
            self.described.update(_models(parts))
        return {**self._any_of(parts), **_notes(schema, parts)}

    def _alternatives(self, rule: Schema) -> Iterator[Schema]:
        """Yield what a value may be: models by their names, all else written out."""
        if "$ref" in rule:
            named = self.named[_name(rule)]
            if is_model(named):
                yield {key: rule[key] for key in ("$ref", "discriminator") if key in rule}
            else:
                yield from self._alternatives(_without(named, *_NOTES))
        elif parts := rule.get("anyOf") or rule.get("oneOf"):
            rest = _without(rule, "anyOf", "oneOf")
            for part in parts:
                yield from self._alternatives({**rest, **_without(part, "title", "description")})
        else:
            yield rule

    def _any_of(self, parts: list[Schema]) -> Schema:
        models = _models(parts)
        if len(models) == len(parts) == 1 and not self.filled:
            return {"$ref": parts[0]["$ref"]}
        choices = [value for part in parts for value in _fixed(part)]
        inline = [self._inline(part) for part in parts if "$ref" not in part and not _fixed(part)]
        named = any("discriminator" in part for part in parts)
        flat = _merged([*inline, self._mapping(models, named)])
        if {} in inline:
            return {}
        if flat is None:
            return {"anyOf": [self._any_of([part]) for part in parts]}
        if not choices:
            return self._referring(flat, "reference")
        chosen = _chosen(choices, parts)
        if not flat and not self.filled:
            return chosen
        text = any(isinstance(choice, str) for choice in choices)
        rest = self._referring(flat, "with_reference" if text else "reference")
        alternatives = [chosen, {"title": "reference", **rest}]  # a tie is the first one's to tell
        return {"anyOf": alternatives[::-1] if models else alternatives}

    def _inline(self, rule: Schema) -> Schema:
        """Return a scalar, a list or a mapping of any keys, with what it holds written too."""
        written = dict(rule)
        if patterns := written.pop("patternProperties", None):
            [(pattern, held)] = patterns.items()
            names = _portable({"title": "name", "pattern": pattern})
            written |= {"propertyNames": names, "additionalProperties": held}
        for key in ("items", "additionalProperties"):
            if isinstance(held := written.get(key), dict):
                written[key] = self.value(held)
        return written

    def _mapping(self, models: list[str], named: bool) -> Schema:
        """Return a mapping that one of the models reads; `then` spares others its messages.

        `named` says whether the mapping has to name its kind, even one that is the default.
        """
        match models:
            case []:
                return {}
            case [name]:
                then: Schema = {"$ref": f"#/$defs/{name}"}
                return {"type": "object", "if": {"type": "object"}, "then": then}
        union = by_kind({name: self.named[name] for name in models}, named)
        if union is None:
            then = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in models]}
            return {"type": "object", "if": {"type": "object"}, "then": then}
        union["properties"] = {key: self.value(rule) for key, rule in union["properties"].items()}
        common = common_name(models)
        return {"type": "object", **union, **({"title": words(common)} if common else {})}

    def _referring(self, flat: Schema, reference: str) -> Schema:
        """Return a rule that takes a reference too. A pattern speaks of nothing but text."""
        types = _types(flat)
        if not self.filled:
            return flat
        if "string" not in types:
            referring: Schema = {"$ref": f"#/$defs/{reference}"}
            if "allOf" in flat:  # beside a `$ref`, editors lose the title
                referring = {"allOf": [*flat["allOf"], referring]}
            return {**flat, **referring, "type": _listed([*types, "string"])}
        if "pattern" in flat:
            return {**flat, "pattern": f"{flat['pattern']}|{_REFERENCE}"}
        return flat


def is_model(schema: Schema) -> bool:
    """Whether a named schema is that of a model: a mapping of known keys."""
    return "properties" in schema


def words(name: str) -> str:
    """Return the name of a model as words: `HttpSource` is an `http source`."""
    found = re.findall(r"[A-Z]?[a-z0-9]+", name.removesuffix("Spec"))
    return " ".join(word.lower() for word in found)


def _name(rule: Schema) -> str:
    return str(rule["$ref"]).rpartition("/")[2]


def _models(parts: list[Schema]) -> list[str]:
    return [_name(part) for part in parts if "$ref" in part]


def _without(schema: Schema, *keys: str) -> Schema:
    return {key: part for key, part in schema.items() if key not in keys}


def _types(schema: Schema) -> list[str]:
    found = schema.get("type", [])
    return [found] if isinstance(found, str) else found


def _listed(types: list[str]) -> list[str] | str:
    return types[0] if len(types) == 1 else sorted(types, key=_TYPES.index)


def _fixed(rule: Schema) -> list[Any]:
    return list(rule["enum"]) if "enum" in rule else [rule["const"]] if "const" in rule else []


def _chosen(choices: list[Any], parts: list[Schema]) -> Schema:
    told = [text for part in parts for text in part.get("enumDescriptions", ())]
    return {"enum": choices, **({"enumDescriptions": told} if told else {})}


def _merged(parts: list[Schema]) -> Schema | None:
    """Return alternatives of different types as one rule: a keyword speaks of one type only.

    None if two of them speak of the same type.
    """
    types = [name for part in parts for name in _types(part)]
    merged: Schema = {}
    for part in parts:
        if merged.keys() & part.keys() - {"type"}:
            return None
        merged |= part
    if len(set(types)) < len(types):
        return None
    return {**merged, "type": _listed(types)} if types else merged


def _portable(rule: Schema) -> Schema:
    """Return a rule as every validator reads it.

    Few know Rust's end of text, or assert a format; and pydantic gives the least length of a list
    that may be written as one text to the text alone.
    """
    written = dict(rule)
    if "pattern" in rule:
        written["pattern"] = rule["pattern"].replace(r"\z", "$")
    if rule.get("format") == "date":
        written |= {"pattern": _DATE, "examples": ["2026-01-31"]}
        del written["format"]
    if rule.get("type") == "array" and "minLength" in rule:
        written["minItems"] = written.pop("minLength")
    return written


def _notes(schema: Schema, parts: list[Schema]) -> Schema:
    """Return what an editor tells of a value, in words and by examples."""
    notes: Schema = {}
    if description := schema.get("description"):
        notes["description"] = " ".join(description.split())
    examples = [example for part in (schema, *parts) for example in part.get("examples", ())]
    if examples:
        notes["examples"] = examples
    patterns = [part["pattern"] for part in parts if "pattern" in part]
    if examples and patterns:
        shown = " or ".join(f"`{example}`" for example in examples)
        notes["patternErrorMessage"] = f"Write it as in {shown}."
    match schema.get("default"):
        case None | "" | list() | dict():
            pass
        case str() as text if not all(re.search(pattern, text) for pattern in patterns):
            pass
        case default:
            notes["default"] = default
    return notes
