"""One pipeline: the file under `pipelines/`."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt

from pipegen.model import Limit, Name, Names, Plain, SpecModel, Value, Version
from pipegen.spec.dbt import DbtTransform
from pipegen.spec.schedule import ScheduleSpec
from pipegen.spec.steps import Activation, Check, Source, Transform
from pipegen.spec.task import Defaults, TaskSpec
from pipegen.spec.watch import NotificationsSpec, SlaSpec


class ParamSpec(SpecModel):
    """A parameter of a run, which whoever starts it may set."""

    type: Literal["string", "integer", "number", "boolean", "date"]
    """What it is."""
    default: Value = None
    """What it is if nobody says; may be a run-time template. Without one it must be given."""
    description: Plain = ""
    """What it does."""


class BackendChoice(SpecModel):
    """What a pipeline says about one back end."""

    enabled: StrictBool = True
    """Whether the pipeline is written for it; `false` in place of the mapping says no."""
    accept: Names = ()
    """Features of which this team has read and accepted that the back end keeps only a part."""


def _choice(raw: Any) -> Any:
    return {"enabled": raw} if isinstance(raw, bool) else raw


Choice = Annotated[
    BackendChoice, BeforeValidator(_choice, json_schema_input_type=BackendChoice | bool)
]

Row = dict[Name, Any]


class PipelineSpec(SpecModel):
    """A pipeline: sources bring data in, transforms build dbt nodes, activations send data out."""

    version: Version
    """The version of this language."""
    pipeline: Name
    """Its name, in every orchestrator."""
    for_each: Annotated[tuple[Row, ...], Field(min_length=1)] | None = None
    """Rows of values: the file makes one pipeline of each, with `${each.name}` filled from it."""
    description: Plain = ""
    """What it is for."""
    owner: Plain | None = None
    """Who answers for it."""
    tags: tuple[Plain, ...] = ()
    """Words to find it by."""
    schedule: ScheduleSpec | None = None
    """When it runs."""
    partition: Literal["hourly", "daily", "weekly", "monthly"] | None = None
    """The window of time a run is for: `run.start` and `run.end` bound it."""
    timeout: Limit | None = None
    """How long a run may take: then what runs has failed, and what has not begun is skipped."""
    max_parallel: Annotated[StrictInt, Field(ge=1, le=1000)] | None = None
    """How many of its tasks run at once."""
    params: dict[Name, ParamSpec] = {}
    """Parameters of a run, by name."""
    defaults: Defaults = Defaults()
    """What its tasks have that do not say otherwise."""
    sources: dict[Name, Source] = {}
    """Ingestion tasks, by name."""
    transforms: dict[Name, Transform] = {}
    """dbt selections and other steps, by name."""
    checks: dict[Name, Check] = {}
    """Questions about the data, by name."""
    activations: dict[Name, Activation] = {}
    """What leaves the warehouse, by name."""
    slas: dict[Name, SlaSpec] = {}
    """Promises about time, by name."""
    notifications: NotificationsSpec = NotificationsSpec()
    """Who is told when a run ends."""
    backends: dict[Name, Choice] = {}
    """What holds for one back end only."""

    @cached_property
    def selections(self) -> dict[str, DbtTransform]:
        """The transforms that select dbt nodes, by name."""
        return {n: t for n, t in self.transforms.items() if isinstance(t, DbtTransform)}

    @cached_property
    def tasks(self) -> tuple[tuple[str, TaskSpec], ...]:
        """Every task with its name, in the order written; two may share a name."""
        sections = (self.sources, self.transforms, self.checks, self.activations)
        return tuple(item for section in sections for item in section.items())
