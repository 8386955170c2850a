"""The base of every model of the specification: where it was written, and its scalar types."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    PlainValidator,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from pipegen import problems, references
from pipegen.diagnostics import CompileError, Diagnostic, Span
from pipegen.source import Document, Key

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class SpecModel(BaseModel):
    """A mapping of the YAML that knows where it was written."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    _document: Document | None = PrivateAttr(default=None)
    _path: tuple[Key, ...] = PrivateAttr(default=())

    @classmethod
    def parse(cls, document: Document) -> Self:
        """Validate a document; raise CompileError with every problem at its place."""
        try:
            spec = cls.model_validate(document.value)
        except ValidationError as error:
            details = error.errors(include_url=False, include_input=False)
            raise CompileError(_diagnostic(cls, detail, document) for detail in details) from None
        _locate(spec, document, ())
        return spec

    @property
    def span(self) -> Span:
        """Where this mapping is named, or where it starts if it has no key."""
        return self._located.key_span(self._path)

    def span_of(self, *path: Key) -> Span:
        """Where the value at `path` below this mapping was written, or its nearest ancestor."""
        return self._located.span((*self._path, *path))

    def key_span_of(self, *path: Key) -> Span:
        """Where the key at `path` below this mapping was written, or its nearest ancestor."""
        return self._located.key_span((*self._path, *path))

    @property
    def _located(self) -> Document:
        assert self._document is not None, "only a parsed model knows its place"
        return self._document


def _locate(value: object, document: Document, path: tuple[Key, ...]) -> None:
    match value:
        case SpecModel():
            value._document, value._path = document, path
            for name in value.model_fields_set:
                _locate(getattr(value, name), document, (*path, name))
        case tuple():
            for index, item in enumerate(value):
                _locate(item, document, (*path, index))
        case dict():
            for key, item in value.items():
                _locate(item, document, (*path, key))


# Scalars of the language


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise PydanticCustomError("bad_name", "not a name")
    return text


def _plain(text: str) -> str:
    meaning: str = _understood(references.plain, text)
    return meaning


def _value(raw: Any) -> Any:
    return _understood(references.value, raw)


def _text(raw: Any) -> Any:
    if not isinstance(raw, str):
        raise PydanticCustomError("string_type", "Input should be a valid string")
    return _understood(references.text, raw)


def _understood(read: Any, raw: Any) -> Any:
    try:
        return read(raw)
    except references.ReferenceProblem as problem:
        context = {"text": problem.text, "why": problem.why, "path": problem.path}
        raise PydanticCustomError("bad_reference", "not a reference", context) from None


def _duration(raw: Any) -> timedelta:
    if isinstance(raw, str) and (match := _DURATION.fullmatch(raw)):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    raise PydanticCustomError(
        "bad_duration", "a duration: a number and `s`, `m`, `h` or `d`, as in `30m`"
    )


Name = Annotated[str, AfterValidator(_name)]
"""A name: lower-case letters, digits and `_`, 63 characters at most."""

Plain = Annotated[str, AfterValidator(_plain)]
"""Text that holds no reference."""

Value = Annotated[Any, PlainValidator(_value), WithJsonSchema({})]
"""Any value, in which references stand for what is known when the task runs: an `ir.Value`."""

Template = Annotated[Any, PlainValidator(_text), WithJsonSchema({"type": "string"})]
"""Text in which references stand for what is known when the task runs: an `ir.Value`."""

Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,6}[smhd]$", "examples": ["30m"]}),
]
"""A length of time: `30s`, `5m`, `12h`, `7d`."""


# What pydantic found, as diagnostics


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
        case "unsafe_path":
            return problems.unsafe_path(written, "it leaves the project", span)
        case "bad_cron":
            return problems.bad_cron(written, context["reason"], span)
        case "bad_timezone":
            return problems.bad_timezone(written, context["known"], span)
    return None


def _wrong_value(error: ErrorDetails, document: Document) -> Diagnostic:
    path = ".".join(str(key) for key in _keys(document, error["loc"]))
    wanted = _WORDS.get(error["type"]) or error["msg"].removeprefix("Input should be ")
    return problems.wrong_value(f"'{path}' must be {wanted}", document.span(error["loc"]))


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
