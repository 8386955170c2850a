"""Who is told of what: channels, notifications, and promises about time."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from pipegen import ir
from pipegen.kinds.connections import settings
from pipegen.model import (
    Limit,
    Names,
    Plain,
    Secret,
    Setting,
    SpecModel,
    Template,
    TimeOfDay,
    exactly_one,
)
from pipegen.spec.dbt import Selection


class ChannelSpec(SpecModel):
    """Where people are told."""

    def lowered(self, name: str) -> ir.Channel:
        """Return the channel as the IR has it."""
        kind: str = self.kind  # type: ignore[attr-defined]
        return ir.Channel(name=name, kind=kind, settings=settings(self), span=self.span)


class SlackChannel(ChannelSpec):
    """A Slack channel."""

    kind: Literal["slack"]
    """A Slack channel."""
    webhook: Secret
    """Its incoming webhook, which is a secret: `${ENV:NAME}`, nothing else."""


class WebhookChannel(ChannelSpec):
    """An address that takes JSON by POST."""

    kind: Literal["webhook"]
    """An address that takes JSON by POST."""
    url: Setting
    """The address."""
    token: Secret = None
    """A bearer token: `${ENV:NAME}`, nothing else."""


Channel = Annotated[SlackChannel | WebhookChannel, Field(discriminator="kind")]


class NotificationSpec(SpecModel):
    """A message to a channel."""

    channel: Plain
    """The name of one of the project's `channels`."""
    text: Template = None
    """What it says; the pipeline, the run and what failed if left out."""


def _channel(raw: Any) -> Any:
    return {"channel": raw} if isinstance(raw, str) else raw


Notification = Annotated[
    NotificationSpec, BeforeValidator(_channel, json_schema_input_type=NotificationSpec | str)
]


class NotificationsSpec(SpecModel):
    """Who is told when a run ends."""

    on_failure: tuple[Notification, ...] = ()
    """Told when a run has failed."""
    on_success: tuple[Notification, ...] = ()
    """Told when a run has gone well."""


class SlaModels(SpecModel):
    """The dbt models a promise is about."""

    models: Names = ()
    """Their names, as in `reads`."""
    select: Selection | None = None
    """A selection, in dbt's own syntax."""
    project: Plain | None = None
    """The dbt project of the selection, if there is more than one."""

    @model_validator(mode="after")
    def _named_or_selected(self) -> Self:
        exactly_one({"models": self.models, "select": self.select})
        return self


def _models(raw: Any) -> Any:
    return {"models": raw} if isinstance(raw, list) else raw


class SlaSpec(SpecModel):
    """A promise about time, watched from outside the run: a broken one never blocks it."""

    of: (
        Annotated[SlaModels, BeforeValidator(_models, json_schema_input_type=SlaModels | Names)]
        | None
    ) = None
    """What is promised: a list of models, or `{select: …}`."""
    tasks: Names = ()
    """The tasks of this pipeline it is about, instead of models."""
    ready_by: TimeOfDay | None = None
    """The time of day, in the schedule's timezone, by which they are built."""
    max_age: Limit | None = None
    """How long ago they may have been built last."""
    max_duration: Limit | None = None
    """How long the tasks may take in all."""
    severity: Literal["warn", "error"] = "warn"
    """How bad it is."""
    notify: Names = ()
    """The channels that are told."""

    @model_validator(mode="after")
    def _one_subject_one_limit(self) -> Self:
        exactly_one({"of": self.of, "tasks": self.tasks})
        limits = {
            "ready_by": self.ready_by, "max_age": self.max_age, "max_duration": self.max_duration
        }  # fmt: skip
        exactly_one(limits)
        return self
