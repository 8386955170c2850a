"""The types of time: durations, days, times of day, timezones and cron expressions."""

from __future__ import annotations

import re
import sys
from datetime import date, time, timedelta
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipegen.model.kit import looks, refuse
from pipegen.model.scalars import Plain

_DURATION = re.compile(r"([0-9]{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_CRON_FIELD = re.compile(
    r"(?:[0-9*/,\-]|(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat))+"
)
_CRON_NUMBERS = (
    "[0-5]?[0-9]",
    "([01]?[0-9]|2[0-3])",
    "(0?[1-9]|[12][0-9]|3[01])",
    "(0?[1-9]|1[0-2]|[A-Za-z]{3})",
    "(0?[0-7]|[A-Za-z]{3})",
)


def _duration(raw: Any) -> timedelta:
    if isinstance(raw, str) and (match := _DURATION.fullmatch(raw)):
        return timedelta(**{_UNITS[match[2]]: int(match[1])})
    raise refuse("bad_duration", "a duration: a number and `s`, `m`, `h` or `d`, as in `30m`")


def _positive(raw: Any) -> timedelta:
    length = _duration(raw)
    if not length:
        raise refuse("positive", "longer than nothing: leave it out for no limit")
    return length


def _date(raw: Any) -> date:
    if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw, re.ASCII):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            pass
    raise refuse("bad_date", "a date, written as in `2026-01-31`")


def _time(raw: Any) -> time:
    if isinstance(raw, str) and (match := re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", raw)):
        return time(int(match[1]), int(match[2]))
    raise refuse("bad_time", 'a time of day in quotes, as in `"08:00"`')


def _window(raw: Any) -> tuple[time, time]:
    if isinstance(raw, str) and len(ends := raw.split("-")) == 2:
        return (_time(ends[0]), _time(ends[1]))
    raise refuse("bad_window", 'a part of the day in quotes, as in `"22:00-06:00"`')


@cache
def _timezone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError
        known = sorted(available_timezones())
        raise refuse("bad_timezone", "not a timezone", known=known) from None
    return text


def _croniter() -> Any:
    """Import croniter, which would start a process (`file`) to ask what Python it runs on."""
    import platform

    asked = platform.architecture
    platform.architecture = lambda *_, **__: (f"{sys.maxsize.bit_length() + 1}bit", "")
    try:
        import croniter
    finally:
        platform.architecture = asked
    return croniter


@cache
def _cron(text: str) -> str:
    croniter = _croniter()

    def bad(reason: str) -> PydanticCustomError:
        return refuse("bad_cron", "not a cron expression", reason=reason)

    fields = text.split()
    if len(fields) != 5:
        raise bad(f"it has {len(fields)} field{'' if len(fields) == 1 else 's'}, not five")
    for field in fields:
        if not _CRON_FIELD.fullmatch(field):
            raise bad(f"the orchestrators do not agree on '{field}'")
    try:
        croniter.croniter(text).get_next()
    except croniter.CroniterBadDateError:
        raise bad("no such day ever comes") from None
    except (croniter.CroniterError, ValueError, KeyError):
        raise bad("a field is out of its range") from None
    return " ".join(fields)


Duration = Annotated[
    timedelta,
    PlainValidator(_duration),
    looks("[0-9]{1,6}[smhd]", "30m"),
]
"""A length of time: `30s`, `5m`, `12h`, `7d`."""

Limit = Annotated[
    timedelta,
    PlainValidator(_positive),
    looks("(?!0+[smhd])[0-9]{1,6}[smhd]", "2h"),
]
"""A length of time that is longer than nothing."""

Date = Annotated[date, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, `2026-01-31`."""

TimeOfDay = Annotated[
    time,
    PlainValidator(_time),
    looks("([01][0-9]|2[0-3]):[0-5][0-9]", "08:00"),
]
"""A time of day, `"08:00"`."""

Window = Annotated[
    tuple[time, time],
    PlainValidator(_window),
    looks("([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]", "22:00-06:00"),
]
"""A part of the day, `"22:00-06:00"`; one that ends before it begins goes past midnight."""

Timezone = Annotated[
    Plain,
    AfterValidator(_timezone),
    WithJsonSchema({"type": "string", "examples": ["UTC", "Europe/Rome", "America/New_York"]}),
]
"""A name of the IANA database."""

_FIELDS = " +".join(rf"(\*|{n})([-,](\*|{n})|/[0-9]+)*" for n in _CRON_NUMBERS)

Cron = Annotated[Plain, AfterValidator(_cron), looks(f" *{_FIELDS} *", "0 5 * * 1-5")]
"""Five fields that every orchestrator reads alike."""
