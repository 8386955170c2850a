"""The instants a schedule means, worked out day by day without a library for crons.

What a cron expression names is a local time. One that the clock skips counts as if it had not
been set forward yet, so it comes as much later. Of one that comes twice the second counts, or
both if the expression names every hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from pipegen import ir

MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
FIELDS = ((0, 59, []), (0, 23, []), (1, 31, []), (1, 12, MONTHS), (0, 6, DAYS))
"""The least and the greatest value of each field, and the names of its values."""
COUNT = 20
"""How many instants are asked for after each moment."""
LONGEST = timedelta(days=9 * 366)
"""The longest time between two days of an expression: a 29th of February may be left out."""


@cache
def moments(schedule: ir.Schedule) -> tuple[datetime, ...]:
    """Return the start of a year, and the times when the clock is about to be changed in it."""
    zone, first = ZoneInfo(schedule.timezone), datetime(2026, 1, 1, tzinfo=UTC)
    hours = [first + timedelta(hours=hour) for hour in range(365 * 24)]
    offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
    pairs = zip(hours[1:], offsets, offsets[1:], strict=False)
    changes = [hour for hour, before, after in pairs if before != after]
    return (first, *(change - timedelta(hours=2) for change in changes))


def instants(schedule: ir.Schedule, moment: datetime, count: int = COUNT) -> list[datetime]:
    """Return the first instants of a schedule from a moment on."""
    found: set[datetime] = set()
    zone = ZoneInfo(schedule.timezone)
    day = last = moment.astimezone(zone).date() - timedelta(days=1)
    while len(found) < count and day - last < LONGEST:
        of_day = {instant for instant in of(schedule, day) if instant >= moment}
        found |= of_day
        last = day if of_day else last
        day += timedelta(days=1)
    return sorted(found)[:count]


def assert_fires(
    seen: Mapping[str, Sequence[str]],
    schedule: ir.Schedule,
    otherwise: Mapping[datetime, datetime | None],
) -> None:
    """Assert that runs start when the schedule says, from each of the moments on.

    `otherwise` has the instants at which another run starts instead, or none. Each is met.
    """
    met: set[datetime] = set()
    for moment in moments(schedule):
        told = [datetime.fromisoformat(instant) for instant in seen[moment.isoformat()]]
        meant = instants(schedule, moment, COUNT + len(otherwise))
        added = {made for made in otherwise.values() if made and moment <= made < meant[-1]}
        kept = {instant for instant in meant if instant not in otherwise}
        assert told == sorted(kept | added)[:COUNT]
        met |= otherwise.keys() & {*meant, *added}
    assert met == otherwise.keys()


def of(schedule: ir.Schedule, day: date) -> Iterator[datetime]:
    """Yield the instants of a schedule on a day."""
    assert schedule.cron
    fields = schedule.cron.lower().split()
    minutes, hours, days, months, weekdays = (
        values(field, *known) for field, known in zip(fields, FIELDS, strict=True)
    )
    is_day, is_weekday = day.day in days, day.isoweekday() % 7 in weekdays
    either = fields[2] != "*" and fields[4] != "*"
    named = is_day or is_weekday if either else is_day and is_weekday
    if day.month not in months or not named or (schedule.start and day < schedule.start):
        return
    zone, always = ZoneInfo(schedule.timezone), len(hours) == 24
    for hour in hours:
        for minute in minutes:
            wall = datetime.combine(day, time(hour, minute), zone)
            first, second = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
            yield max(first, second)  # before a skipped time `fold=1` is the earlier
            if always:
                yield first


def values(field: str, least: int, greatest: int, names: list[str]) -> set[int]:
    """Return the values a field names; 7 is a Sunday as well."""

    def value(word: str) -> int:
        return least + names.index(word) if word in names else int(word)

    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        start = least if span == "*" else value(first)
        end = value(last) if last else greatest if step or span == "*" else start
        round_again = greatest + 1 - least if end < start else 0
        found.update(range(start, end + round_again + 1, int(step or 1)))
    if names is DAYS:
        return {number % 7 for number in found}
    return {number if number <= greatest else number - greatest - 1 + least for number in found}
