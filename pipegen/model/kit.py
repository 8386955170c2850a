"""What the types of the language are made with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import WithJsonSchema
from pydantic_core import PydanticCustomError


def refuse(kind: str, message: str, **context: Any) -> PydanticCustomError:
    """Return the error a type raises; `kind` and `context` say which diagnostic it becomes."""
    return PydanticCustomError(kind, message, context)


def listed(raw: Any) -> Any:
    """Return one text as a list of one."""
    return [raw] if isinstance(raw, str) else raw


def exactly_one(keys: Mapping[str, object]) -> None:
    """Raise the error of a mapping that has none or several of keys that exclude each other."""
    given = [key for key, value in keys.items() if value not in (None, ())]
    if len(given) != 1:
        raise refuse("one_of", "one of", keys=list(keys), given=given)


def looks(pattern: str, *examples: str, wanted: str = "") -> WithJsonSchema:
    """Return what an editor knows of a text: its pattern, how it is written, or in words."""
    schema: dict[str, Any] = {"type": "string", "pattern": f"^{pattern}$"}
    if examples:
        schema["examples"] = list(examples)
    if wanted:
        schema["patternErrorMessage"] = wanted
    return WithJsonSchema(schema)
