"""A mapping of the YAML that knows where it was written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import CoreSchema

from pipegen.diagnostics import CompileError, Span
from pipegen.source import Document, Key


class SpecModel(BaseModel):
    """A mapping of the YAML that knows where it was written."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    __slots__ = ("_place",)  # pydantic's private attributes are five times as slow

    _place: ClassVar[tuple[Document, tuple[Key, ...]]]

    @classmethod
    def parse(cls, document: Document) -> Self:
        """Validate a document; raise CompileError with every problem at its place."""
        try:
            spec = cls.model_validate(document.value)
        except ValidationError as error:
            from pipegen.model.mistakes import diagnostics

            details = error.errors(include_url=False, include_input=False)
            raise CompileError(diagnostics(cls, details, document)) from None
        _locate(spec, document, ())
        return spec

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe each field by the docstring below it, which costs too much to read before."""
        from pipegen.model.docs import attribute_docstrings

        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in attribute_docstrings(cls).items():
            if name in properties:
                properties[name]["description"] = text
        return schema

    @property
    def span(self) -> Span:
        """Where this mapping is named, or where it starts if it has no key."""
        document, path = self._place
        return document.key_span(path)

    def span_of(self, *path: Key) -> Span:
        """Where the value at `path` below this mapping was written, or its nearest ancestor."""
        document, above = self._place
        return document.span((*above, *path))

    def key_span_of(self, *path: Key) -> Span:
        """Where the key at `path` below this mapping was written, or its nearest ancestor."""
        document, above = self._place
        return document.key_span((*above, *path))

    def span_holding(self, text: str) -> Span:
        """Where a value below this mapping holds `text`, or this mapping if none does."""
        document, path = self._place
        value: Any = document.value
        for key in path:
            value = value[key]
        found = next(_holding(value, text, path), None)
        return self.span if found is None else document.span(found)

    def written(self, key: str) -> Any:
        """Return what stands at a key, as it is written; None if that has a short form."""
        document, path = self._place
        value: Any = document.value
        try:
            for step in (*path, key):
                value = value[step]
        except (LookupError, TypeError):
            return None
        return value

    def changed(self, **fields: Any) -> Self:
        """Return the model with other values in some fields, at the same place."""
        copy = self.model_copy(update=fields)
        object.__setattr__(copy, "_place", self._place)
        return copy


_HOLDERS = (SpecModel, tuple, dict)


def _locate(value: object, document: Document, path: tuple[Key, ...]) -> None:
    match value:
        case SpecModel():
            object.__setattr__(value, "_place", (document, path))
            fields = value.__dict__
            for name in value.__pydantic_fields_set__:
                item = fields[name]
                if isinstance(item, _HOLDERS):
                    _locate(item, document, (*path, name))
        case tuple():
            for index, item in enumerate(value):
                _locate(item, document, (*path, index))
        case dict():
            for key, item in value.items():
                _locate(item, document, (*path, key))


def _holding(value: Any, text: str, path: tuple[Key, ...]) -> Iterator[tuple[Key, ...]]:
    match value:
        case str() if text in value:
            yield path
        case dict():
            for key, item in value.items():
                yield from _holding(item, text, (*path, key))
        case list():
            for index, item in enumerate(value):
                yield from _holding(item, text, (*path, index))
