"""Rules that the pipelines of a project are held to."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StrictInt, model_validator

from pipegen.model import Limit, Plain, SpecModel, Timezone, Window, Word, refuse

Code = Annotated[str, Field(pattern=r"^PG6(0[0-7]?)?$", examples=["PG601"])]


class WindowsSpec(SpecModel):
    """When schedules may start runs."""

    timezone: Timezone = "UTC"
    """The IANA timezone the windows are in."""
    windows: Annotated[tuple[Window, ...], Field(min_length=1)]
    """Parts of the day, as `22:00-06:00`: from the first minute to the last."""


class PiiSpec(SpecModel):
    """Models with personal data, and what may read them."""

    meta: Word | None = None
    """The key of a model's `meta` that marks it, if its value is true."""
    tag: Word | None = None
    """The dbt tag that marks it."""
    approved: Plain
    """The tag of an activation that may read such models."""

    @model_validator(mode="after")
    def _marked(self) -> Self:
        if self.meta is None and self.tag is None:
            raise refuse("needs", "missing", key="meta")
        return self


class PoliciesSpec(SpecModel):
    """Rules that pipelines are held to, beyond being right."""

    require: tuple[
        Literal["owner", "description", "tags", "schedule", "notifications", "timeout"], ...
    ] = ()
    """What every pipeline must say; a timeout, of every task."""
    owners: tuple[Plain, ...] = ()
    """The owners there are; any if left out."""
    min_retries: Annotated[StrictInt, Field(ge=0)] | None = None
    """The fewest extra tries of an ingestion task."""
    max_retries: Annotated[StrictInt, Field(ge=0)] | None = None
    """The most extra tries of a task."""
    max_timeout: Limit | None = None
    """The longest a task may be given; a task without a timeout has no limit."""
    schedule: WindowsSpec | None = None
    """When schedules may start runs."""
    sla_tags: tuple[Plain, ...] = ()
    """Tags of pipelines that must promise something: they have an SLA."""
    pii: PiiSpec | None = None
    """Models with personal data, and what may read them."""
    ignore: tuple[Code, ...] = ()
    """Codes of rules that are switched off, or their beginnings."""
