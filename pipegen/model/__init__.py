"""The base of every model of the specification: where it was written, and its scalar types."""

from pipegen.model.base import SpecModel
from pipegen.model.kit import exactly_one, listed, looks, refuse
from pipegen.model.scalars import (
    Flag,
    Inside,
    Name,
    Names,
    Out,
    Place,
    Plain,
    Scalar,
    Secret,
    Setting,
    Template,
    Value,
    Version,
    Word,
)
from pipegen.model.times import Cron, Date, Duration, Limit, TimeOfDay, Timezone, Window

__all__ = [
    "Cron",
    "Date",
    "Duration",
    "Flag",
    "Inside",
    "Limit",
    "Name",
    "Names",
    "Out",
    "Place",
    "Plain",
    "Scalar",
    "Secret",
    "Setting",
    "SpecModel",
    "Template",
    "TimeOfDay",
    "Timezone",
    "Value",
    "Version",
    "Window",
    "Word",
    "exactly_one",
    "listed",
    "looks",
    "refuse",
]
