"""What pydantic says of a model, as a schema that editors complete and report from.

Two things are not in the models. References are filled before a model reads the document, so
one may stand for any value. And editors tell best what is wrong where no alternatives have to
be tried: what a value has to be follows from its type, and for a mapping from its `kind`.
"""

from __future__ import annotations

from pipegen.schema.layout import ordered, shared, used
from pipegen.schema.samples import Samples
from pipegen.schema.values import REFERENCES, Schema, Values, is_model, words

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def editable(schema: Schema, name: str, filled: bool, samples: Samples | None = None) -> Schema:
    """Return the schema of the file `name` for editors, from what pydantic says of its model.

    `filled` says whether references are filled in that file before the model reads it;
    `samples` have an example of each key.
    """
    named = schema.get("$defs", {})
    values = Values(named, filled)
    root = {
        "$schema": DIALECT,
        "$id": f"urn:pipegen:{name}",
        **_model(schema, values, schema["title"], samples),
        "title": f"pipegen {name}",
    }
    models = {
        key: {**_model(rule, values, key, samples), "title": words(key)}
        for key, rule in named.items()
        if is_model(rule)
    }
    defs = used(root, {**models, **REFERENCES})
    for key in values.described & defs.keys():
        defs[key] = {word: part for word, part in defs[key].items() if word != "description"}
    whole: Schema = ordered(shared({**root, "$defs": defs}))
    return whole


def _model(schema: Schema, values: Values, model: str, samples: Samples | None) -> Schema:
    properties = {key: values.property(rule) for key, rule in schema["properties"].items()}
    for key, rule in properties.items() if samples else ():
        rule.setdefault("examples", [samples.of(model, key)] if samples else [])
    return {
        **{key: part for key, part in schema.items() if key != "$defs"},
        "description": " ".join(schema.get("description", "").split()),
        "properties": properties,
    }
