"""Which times of a schedule the clocks of its timezone skip, or show twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_YEARS = range(2026, 2038)
"""The rules of a timezone and the days of the week meet in every way in about as many."""
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a cron expression names where clocks change.

    `skipped` is a local time that does not come (but for the very minute of the change, at which
    it would come anyway), `repeated` one that comes twice. An expression of every hour loses none:
    `hourly` says that an hour of its days comes twice, `of_days` that it leaves days out.
    """

    skipped: bool = False
    repeated: bool = False
    hourly: bool = False
    of_days: bool = False


@cache
def clocks(cron: str, timezone: str) -> Clocks:
    """Return what an expression that is valid names where the clocks of a timezone change."""
    from croniter import croniter  # validation has imported it in the way it has to be

    minutes, hours, *days = croniter.expand(cron)[0]
    every_hour = hours == ["*"]
    found: set[str] = set()
    for first, last, skips in _changes(timezone):
        kind = "skipped" if skips else "repeated"
        if every_hour:
            kind = "" if skips else "hourly"
            found |= {"of_days"} if days != [["*"]] * 3 else set()
        for past in range(skips, (last - first) // _MINUTE):
            time = first + past * _MINUTE
            is_time = _has(minutes, time.minute) and _has(hours, time.hour)
            if kind and kind not in found and is_time and croniter.match(cron, time):
                found.add(kind)
    return Clocks(**dict.fromkeys(found, True))


def _has(values: list[int | str], value: int) -> bool:
    return values == ["*"] or value in values


@cache
def _changes(timezone: str) -> tuple[tuple[datetime, datetime, bool], ...]:
    """Return the local times that are skipped (true) or come twice: from when, and until when."""
    return tuple(_found(ZoneInfo(timezone)))


def _found(zone: ZoneInfo) -> Iterator[tuple[datetime, datetime, bool]]:
    day = datetime(_YEARS[0], 1, 1, tzinfo=UTC)
    while day.year in _YEARS:
        before, after = _offset(day, zone), _offset(day + _DAY, zone)
        if before != after:
            instant = _change(day, zone)
            old, new = (instant.replace(tzinfo=None) + each for each in (before, after))
            yield min(old, new), max(old, new), new > old
        day += _DAY


def _change(day: datetime, zone: ZoneInfo) -> datetime:
    """Return the first minute of a day's change, by halves."""
    least, most = 0, _DAY // _MINUTE
    before = _offset(day, zone)
    while most - least > 1:
        middle = (least + most) // 2
        if _offset(day + middle * _MINUTE, zone) == before:
            least = middle
        else:
            most = middle
    return day + most * _MINUTE


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
