"""What an argument of an action may be. Plain scalars stand for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from pipegen.diagnostics import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Anything a person wrote in the specification."""

    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Env:
    """The environment variable `name`, read when the task runs."""

    name: str


class RunField(StrEnum):
    """A fact about the run, known when it starts.

    A date is in the schedule's timezone. `start` and `end` bound the partition of the run.
    """

    DATE = "run.date"
    ID = "run.id"
    START = "run.start"
    END = "run.end"
    PIPELINE = "pipeline.name"


@dataclass(frozen=True, slots=True)
class RunValue:
    """A fact about the run, as text: a date as `YYYY-MM-DD`, an instant as ISO 8601.

    `format` is strftime's, of the directives `references.DIRECTIVES` lists.
    """

    field: RunField
    format: str = ""


@dataclass(frozen=True, slots=True)
class ParamValue:
    """The value of a parameter of the run; `format` as for `RunValue`."""

    name: str
    format: str = ""


@dataclass(frozen=True, slots=True)
class TaskOutput:
    """What another task of the run gave out under the name `output`."""

    task: str
    output: str


Reference = Env | RunValue | ParamValue | TaskOutput


@dataclass(frozen=True, slots=True)
class Text:
    """Text put together at run time; at least one part is not a plain string."""

    parts: tuple[str | Reference, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of values."""

    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping of names to values, in the order written."""

    items: tuple[tuple[str, Value], ...] = ()


Value = None | bool | int | float | str | Reference | Text | Items | Fields


def leaves(value: Value) -> Iterator[bool | int | float | str | Reference | None]:
    """Yield the scalars and references a value is made of."""
    match value:
        case Text(parts):
            yield from parts
        case Items(items):
            for item in items:
                yield from leaves(item)
        case Fields(items):
            for _, item in items:
                yield from leaves(item)
        case _:
            yield value


def join(*parts: str | Reference | Text) -> str | Reference | Text:
    """Return the parts as one value: plain text if they are, one reference if there is but one."""
    flat: list[str | Reference] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            if isinstance(piece, str) and flat and isinstance(flat[-1], str):
                flat[-1] += piece
            elif piece != "":
                flat.append(piece)
    match flat:
        case []:
            return ""
        case [single]:
            return single
    return Text(tuple(flat))


def replaced(value: Value, change: Callable[[Reference], str | Reference]) -> Value:
    """Return the value with every reference in it changed."""
    match value:
        case Env() | RunValue() | ParamValue() | TaskOutput():
            return change(value)
        case Text(parts):
            return join(*(part if isinstance(part, str) else change(part) for part in parts))
        case Items(items):
            return Items(tuple(replaced(item, change) for item in items))
        case Fields(items):
            return Fields(tuple((key, replaced(item, change)) for key, item in items))
    return value
