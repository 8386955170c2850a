"""What a key takes, in words: the types of the models, as the page of the language calls them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BeforeValidator, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from pipegen import model
from pipegen.kinds.connections import Connection
from pipegen.kinds.http import Status
from pipegen.model import SpecModel
from pipegen.spec import Activation, Check, Source, Transform
from pipegen.spec.dbt import Selected
from pipegen.spec.execution import Execution, Folder, Requirement
from pipegen.spec.policy import Code
from pipegen.spec.watch import Channel

Link = Callable[[type[SpecModel]], str]
"""Tells the heading of the page under which the keys of a model stand."""

WORDS: dict[str, tuple[Any, ...]] = {
    "version": (model.Version,),
    "name": (model.Name,),
    "word": (model.Word,),
    "text": (model.Plain, str),
    "requirement": (Requirement,),
    "folder": (Folder,),
    "template": (model.Template,),
    "value": (model.Value, Any),
    "id": (model.Scalar,),
    "setting": (model.Setting,),
    "secret": (model.Secret,),
    "flag": (model.Flag,),
    "duration": (model.Duration, model.Limit),
    "date": (model.Date,),
    "time": (model.TimeOfDay,),
    "window": (model.Window,),
    "timezone": (model.Timezone,),
    "cron": (model.Cron,),
    "path": (model.Inside, model.Out),
    "selection": (Selected,),
    "status": (Status,),
    "code": (Code,),
}
"""The words for the scalar types; the page says what may be written for each."""

_KINDS = {
    "source": Source,
    "transform": Transform,
    "check": Check,
    "activation": Activation,
    "connection": Connection,
    "execution": Execution,
    "channel": Channel,
}
"""The unions of kinds, by the words for them; their plurals are headings of the page."""


def takes(annotation: Any, link: Link, *, many: bool = False) -> str:
    """Return what a type takes, in words; of `many` values, in the plural."""
    for word, union in _KINDS.items():
        if annotation == union:
            return f"[{_plural(word, many)}](#{word}s)"
    for word, types in WORDS.items():
        if annotation in types:
            return _plural(word, many)
    if get_origin(annotation) is Annotated:
        return _annotated(annotation, link, many)
    if get_origin(annotation) is not None:
        return _generic(annotation, link, many)
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        return f"[{_plural('mapping', many)}]({link(annotation)})"
    return {bool: "true or false", int: _plural("whole number", many)}[annotation]


def _generic(annotation: Any, link: Link, many: bool) -> str:
    """Return what a choice, a list, a mapping or one of several types takes."""
    arguments = get_args(annotation)
    match get_origin(annotation):
        case origin if origin is Literal:
            return ", ".join(f"`{choice}`" for choice in arguments)
        case origin if origin is tuple:
            return f"{_plural('list', many)} of {takes(arguments[0], link, many=True)}"
        case origin if origin is dict:
            held = takes(arguments[1], link, many=True)
            return f"{_plural('mapping', many)} of names to {held}"
    parts = [part for part in arguments if part is not type(None)]
    return " or ".join(takes(part, link, many=many) for part in parts)


def default(field: FieldInfo) -> str:
    """Return what a field is if it is left out, as the language writes it."""
    if field.is_required():
        return "required"
    match field.default:
        case None | "" | () | SpecModel():
            return ""
        case dict() as mapping if not mapping:
            return ""
        case bool() as flag:
            return f"`{str(flag).lower()}`"
        case timedelta() as length:
            return f"`{int(length.total_seconds())}s`"
        case tuple() as items:
            return f"`[{', '.join(map(str, items))}]`"
        case value:
            return f"`{value}`"


def _annotated(annotation: Any, link: Link, many: bool) -> str:
    """Return what a type that is none of those with a word takes."""
    base, *facts = get_args(annotation)
    for fact in facts:
        if isinstance(fact, BeforeValidator) and fact.json_schema_input_type != PydanticUndefined:
            return takes(fact.json_schema_input_type, link, many=many)
    bounds = [bound for fact in facts if isinstance(fact, FieldInfo) for bound in fact.metadata]
    least = next((bound.ge for bound in bounds if isinstance(bound, Ge)), None)
    most = next((bound.le for bound in bounds if isinstance(bound, Le)), None)
    words = takes(base, link, many=many)
    if least is not None:
        words += f" from {least} to {most}" if most is not None else f" from {least}"
    for fact in facts:
        if isinstance(fact, WithJsonSchema) and fact.json_schema:
            examples = fact.json_schema.get("examples", ())
            words += "".join(f", as `{example}`" for example in examples)
    return words


def _plural(word: str, many: bool) -> str:
    return (word + ("es" if word.endswith("s") else "s")) if many else word
