"""What pydantic found wrong, as diagnostics at their places."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic_core import ErrorDetails

from pipegen import problems
from pipegen.diagnostics import Diagnostic, Span
from pipegen.model.base import SpecModel
from pipegen.source import Document, Key


def diagnostics(
    model: type[SpecModel], errors: Iterable[ErrorDetails], document: Document
) -> Iterator[Diagnostic]:
    """Yield a diagnostic for each error.

    An unknown key beside a missing one that is much like it is one mistake: a key to rename.
    """
    errors = [error for error in errors if not _is_echo(error, document)]
    missing = {tuple(error["loc"]) for error in errors if error["type"] == "missing"}
    renamed = {}
    for error in errors:
        *parent, key = error["loc"]
        beside = {str(loc[-1]) for loc in missing if loc[:-1] == tuple(parent)}
        if error["type"] == "extra_forbidden" and (wanted := problems.alike(str(key), beside)):
            renamed[tuple(error["loc"])] = wanted
            missing.discard((*parent, wanted))
    for error in errors:
        loc = tuple(error["loc"])
        if loc in renamed:
            allowed = _fields(model, loc[:-1])
            yield problems.unknown_key(str(loc[-1]), allowed, document.key_span(loc), renamed[loc])
        elif error["type"] != "missing" or loc in missing:
            yield _diagnostic(model, error, document)


def _diagnostic(model: type[SpecModel], error: ErrorDetails, document: Document) -> Diagnostic:
    loc, context = tuple(error["loc"]), error.get("ctx", {})
    span, written = document.span(loc), _written(document, loc)
    match error["type"]:
        case "extra_forbidden":
            key = str(loc[-1])
            return problems.unknown_key(key, _fields(model, loc[:-1]), document.key_span(loc))
        case "missing":
            return problems.missing_key(str(loc[-1]), document.key_span(loc[:-1]))
        case "needs":
            return problems.missing_key(context["key"], document.key_span(loc))
        case "union_tag_not_found":
            return problems.missing_key("kind", document.key_span(loc))
        case "union_tag_invalid":
            choices = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
            return problems.unknown_choice(context["tag"], choices, document.span((*loc, "kind")))
        case "literal_error" | "enum":
            choices = re.findall(r"'([^']*)'", context["expected"]) or [context["expected"]]
            return problems.unknown_choice(written, choices, span)
        case "bad_name":
            return _bad_name(document, loc, span)
    return _of_our_own(error["type"], context, loc, document) or _wrong_value(error, document)


def _of_our_own(
    kind: str, context: Mapping[str, Any], loc: tuple[Key, ...], document: Document
) -> Diagnostic | None:
    """Return the diagnostic of an error that a type of the language raised with a context."""
    span, written = document.span(loc), _written(document, loc)
    match kind:
        case "bad_reference":
            place = document.span((*loc, *context["path"]))
            return problems.bad_reference(context["text"], context["why"], place)
        case "one_of":
            place = document.key_span((*loc, *context["given"][1:2]))
            return problems.one_of(context["keys"], context["given"], place)
        case "literal_secret":
            return problems.literal_secret(str(_keys(document, loc)[-1]), span)
        case "unsafe_path":
            return problems.unsafe_path(written, "it leaves the project", span)
        case "bad_cron":
            return problems.bad_cron(written, context["reason"], span)
        case "bad_timezone":
            return problems.bad_timezone(written, context["known"], span)
    return None


def _is_echo(error: ErrorDetails, document: Document) -> bool:
    """Whether a list is called too short only because items of it were refused."""
    if error["type"] != "too_short":
        return False
    *_, value = (document.value, *(value for _, value in _walk(document, tuple(error["loc"]))))
    return isinstance(value, list) and len(value) >= error["ctx"]["min_length"]


def _wrong_value(error: ErrorDetails, document: Document) -> Diagnostic:
    path = ".".join(str(key) for key in _keys(document, error["loc"]))
    wanted = _WORDS.get(error["type"]) or error["msg"].removeprefix("Input should be ")
    if error["type"] == "string_pattern_mismatch":
        pattern = re.sub(r"^\^|(?:\$|\\z)$", "", error["ctx"]["pattern"])
        wanted = f"text of the form `{pattern}`"
    loc, key = error["loc"], error.get("ctx", {}).get("key")
    span = document.key_span(loc) if loc and loc[-1] == "[key]" else document.span(loc)
    if key:
        span = document.key_span((*loc, key))
    return problems.wrong_value(f"'{path}' must be {wanted}", span)


_WORDS = {
    "bool_type": "true or false",
    "dict_type": "a mapping of keys to values",
    "int_type": "a whole number",
    "model_attributes_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "string_type": "text: quote it if it looks like a number",
    "too_short": "a list of at least one item",
    "tuple_type": "a list",
}


def _bad_name(document: Document, loc: tuple[Key, ...], span: Span) -> Diagnostic:
    if loc and loc[-1] == "[key]":
        return problems.bad_name(str(loc[-2]), document.key_span(loc[:-1]))
    return problems.bad_name(_written(document, loc), span)


def _walk(document: Document, loc: tuple[Key, ...]) -> Iterator[tuple[Key, Any]]:
    """Yield the segments of a pydantic location that are keys of the data, with their values.

    The others are the tags of unions.
    """
    value: Any = document.value
    for key in loc:
        match value:
            case dict() if key in value:
                value = value[key]
            case list() if isinstance(key, int) and key < len(value):
                value = value[key]
            case _:
                continue
        yield key, value


def _keys(document: Document, loc: tuple[Key, ...]) -> tuple[Key, ...]:
    return tuple(key for key, _ in _walk(document, loc))


def _written(document: Document, loc: tuple[Key, ...]) -> str:
    *_, value = (document.value, *(value for _, value in _walk(document, loc)))
    return str(value)[:80] if isinstance(value, str | int | float | bool) else "this"


def _fields(model: type[SpecModel], loc: tuple[Key, ...]) -> list[str]:
    """Return the keys that the model at a pydantic location takes."""
    annotation: Any = model
    for key in loc:
        annotation = _below(annotation, key)
    models = [m for m in _members(annotation) if isinstance(m, type) and issubclass(m, SpecModel)]
    return sorted({name for found in models for name in found.model_fields})


def _below(annotation: Any, key: Key) -> Any:
    for member in _members(annotation):
        origin, arguments = get_origin(member), get_args(member)
        if origin is dict:
            return arguments[1]
        if origin is tuple:
            return arguments[0]
        if isinstance(member, type) and issubclass(member, SpecModel):
            if key in member.model_fields:
                return member.model_fields[str(key)].annotation
            if key in _tags(member):
                return member
    return annotation


def _tags(model: type[SpecModel]) -> tuple[Any, ...]:
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind and get_origin(kind.annotation) is Literal else ()


def _members(annotation: Any) -> list[Any]:
    """Return the alternatives of an annotation, without `Annotated` and None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        found = [inner for part in get_args(annotation) for inner in _members(part)]
        return [part for part in found if part is not type(None)]
    return [annotation]
