"""One pipeline: the file under `pipelines/`."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    StrictBool,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from pipegen.kinds.http import HttpKind
from pipegen.kinds.python import PythonKind
from pipegen.kinds.shell import ShellKind
from pipegen.model import Name, Plain, SpecModel
from pipegen.spec.task import Defaults, TaskSpec

_CRON_FIELD = re.compile(r"[0-9*/,\-A-Za-z]+")


def _cron(text: str) -> str:
    from croniter import CroniterBadDateError, CroniterError, croniter

    def refuse(reason: str) -> PydanticCustomError:
        return PydanticCustomError("bad_cron", "not a cron expression", {"reason": reason})

    fields = text.split()
    if len(fields) != 5:
        raise refuse(f"it has {len(fields)} field{'' if len(fields) == 1 else 's'}, not five")
    for field in fields:
        if not _CRON_FIELD.fullmatch(field):
            raise refuse(f"the orchestrators do not agree on '{field}'")
    try:
        croniter(text).get_next()
    except CroniterBadDateError:
        raise refuse("no such day ever comes") from None
    except (CroniterError, ValueError, KeyError):
        raise refuse("a field is out of its range") from None
    return " ".join(fields)


def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
        known = sorted(available_timezones())
        raise PydanticCustomError("bad_timezone", "not a timezone", {"known": known}) from None
    return text


def _date(raw: Any) -> date:
    if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise PydanticCustomError("bad_date", "a date, written as in `2026-01-31`")


Date = Annotated[date, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]


class ScheduleSpec(SpecModel):
    """When the pipeline runs. Without one, it runs when somebody starts it."""

    cron: Annotated[Plain, AfterValidator(_cron)]
    """Five fields: minute, hour, day of month, month, day of week."""
    timezone: Annotated[Plain, AfterValidator(_timezone)] = "UTC"
    """The IANA timezone the cron expression and `run.date` are in."""
    start: Date | None = None
    """The first day it may run."""
    catchup: StrictBool = False
    """Whether runs missed while the scheduler was down are made up for; needs `start`."""

    @model_validator(mode="after")
    def _catchup_has_a_start(self) -> Self:
        if self.catchup and self.start is None:
            raise PydanticCustomError("needs", "missing", {"key": "start"})
        return self


class SourceKeys(TaskSpec):
    """An ingestion task: what brings data in."""

    loads: tuple[Plain, ...] = ()
    """The dbt source tables it fills, as `source.table`."""


class PythonSource(PythonKind, SourceKeys):
    """An ingestion task that calls a Python function."""


class ShellSource(ShellKind, SourceKeys):
    """An ingestion task that runs a command."""


class HttpSource(HttpKind, SourceKeys):
    """An ingestion task that sends an HTTP request."""


Source = Annotated[PythonSource | ShellSource | HttpSource, Field(discriminator="kind")]


def _list(raw: Any) -> Any:
    return [raw] if isinstance(raw, str) else raw


def _no_option(text: str) -> str:
    if text.startswith("-"):
        raise PydanticCustomError("option", "a selection, not an option of dbt's command line")
    if not text.strip():
        raise PydanticCustomError("empty", "a selection: this one is empty")
    return text


Selection = Annotated[
    tuple[Annotated[Plain, AfterValidator(_no_option)], ...],
    BeforeValidator(_list, json_schema_input_type=str | tuple[str, ...]),
]
"""dbt selection syntax. A list is a union."""


class DbtTransform(TaskSpec):
    """A selection of a dbt project's nodes, built and tested."""

    kind: Literal["dbt"] = "dbt"
    """Builds dbt nodes."""
    project: Plain
    """The name of one of the project's `dbt.projects`."""
    select: Annotated[Selection, Field(min_length=1)]
    """What to build, in dbt's own selection syntax."""
    exclude: Selection = ()
    """What to leave out."""
    indirect_selection: Literal["eager", "cautious", "buildable", "empty"] = "eager"
    """Which tests come with the selected nodes: dbt's own option of this name."""
    granularity: Literal["model", "step"] = "model"
    """`model`: one task per dbt node. `step`: one task for the whole selection."""


class ActivationKeys(TaskSpec):
    """What leaves: files, webhooks, reverse ETL."""

    reads: tuple[Plain, ...] = ()
    """The dbt models it uses; it starts as soon as they are built and tested."""


class PythonActivation(PythonKind, ActivationKeys):
    """An activation that calls a Python function."""


class ShellActivation(ShellKind, ActivationKeys):
    """An activation that runs a command."""


class HttpActivation(HttpKind, ActivationKeys):
    """An activation that sends an HTTP request."""


Activation = Annotated[
    PythonActivation | ShellActivation | HttpActivation, Field(discriminator="kind")
]


class PipelineSpec(SpecModel):
    """A pipeline: sources bring data in, transforms build dbt nodes, activations send data out."""

    version: Literal[1]
    """The version of this language."""
    pipeline: Name
    """Its name, in every orchestrator."""
    description: Plain = ""
    """What it is for."""
    owner: Plain | None = None
    """Who answers for it."""
    tags: tuple[Plain, ...] = ()
    """Words to find it by."""
    schedule: ScheduleSpec | None = None
    """When it runs."""
    defaults: Defaults = Defaults()
    """What its tasks have that do not say otherwise."""
    sources: dict[Name, Source] = {}
    """Ingestion tasks, by name."""
    transforms: dict[Name, DbtTransform] = {}
    """dbt selections, by name."""
    activations: dict[Name, Activation] = {}
    """What leaves the warehouse, by name."""
