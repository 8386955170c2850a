"""The keys every task takes."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictInt
from pydantic_core import PydanticCustomError

from pipegen.model import Duration, Plain, SpecModel


def _positive(length: timedelta) -> timedelta:
    if not length:
        raise PydanticCustomError("positive", "longer than nothing: leave it out for no limit")
    return length


class RetriesSpec(SpecModel):
    """How often a failed task is tried again."""

    count: Annotated[StrictInt, Field(ge=0, le=100)] = 0
    """Extra tries, as in every orchestrator: 2 means three attempts at most."""
    delay: Duration = timedelta(0)
    """How long to wait before each."""


def _short(raw: Any) -> Any:
    return {"count": raw} if isinstance(raw, int) and not isinstance(raw, bool) else raw


Retries = Annotated[RetriesSpec, BeforeValidator(_short, json_schema_input_type=RetriesSpec | int)]
"""`{count: 2, delay: 1m}`, or `2` for short."""


class Defaults(SpecModel):
    """What tasks have that do not say otherwise: project, then pipeline, then task."""

    owner: Plain | None = None
    """Who answers for the tasks."""
    retries: Retries | None = None
    """How often a failed task is tried again."""
    timeout: Annotated[Duration, AfterValidator(_positive)] | None = None
    """How long one attempt may take."""


class TaskSpec(Defaults):
    """What every source, transform and activation takes."""

    description: Plain = ""
    """What the task is for."""
    tags: tuple[Plain, ...] = ()
    """Words to find it by."""
    depends_on: tuple[Plain, ...] = ()
    """Tasks of this pipeline it waits for, beside those its data says."""
