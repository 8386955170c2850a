"""When a pipeline runs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import StrictBool, model_validator

from pipegen.model import Cron, Date, Names, SpecModel, Timezone, exactly_one, refuse


class OnUpdateSpec(SpecModel):
    """New data that starts a run."""

    all: Names = ()
    """Models or source tables that must all have been updated since the last run."""
    any: Names = ()
    """Models or source tables of which each update starts a run."""

    @model_validator(mode="after")
    def _all_or_any(self) -> Self:
        exactly_one({"all": self.all, "any": self.any})
        return self

    @property
    def datasets(self) -> Names:
        """What is watched, as written."""
        return self.all or self.any


class ScheduleSpec(SpecModel):
    """When the pipeline runs. Without one, it runs when somebody starts it."""

    cron: Cron | None = None
    """Five fields: minute, hour, day of month, month, day of week."""
    after: Names = ()
    """Pipelines; a run starts when one of them has ended well."""
    on_update: OnUpdateSpec | None = None
    """Data whose update starts a run."""
    timezone: Timezone = "UTC"
    """The IANA timezone the cron expression and `run.date` are in."""
    start: Date | None = None
    """The first day it may run."""
    catchup: StrictBool = False
    """Whether runs missed while the scheduler was down are made up for; needs `start`."""
    overlap: Literal["skip", "queue", "allow"] | None = None
    """What happens to a run that comes due while the one before it still runs; left out, it is
    dropped or waits."""
    enabled: StrictBool = True
    """Whether the schedule is switched on when it is deployed."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        exactly_one({"cron": self.cron, "after": self.after, "on_update": self.on_update})
        if self.catchup and not self.cron:
            given = {"after": self.after, "on_update": self.on_update, "catchup": self.catchup}
            exactly_one(given)
        if self.catchup and self.start is None:
            raise refuse("needs", "missing", key="start")
        return self
