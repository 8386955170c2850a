"""What a cron expression names where the clocks of a timezone change."""

from __future__ import annotations

import pytest

from pipegen.clocks import Clocks, clocks

NOTHING = Clocks()


@pytest.mark.parametrize(
    ("cron", "timezone", "named"),
    [
        ("30 2 * * *", "Europe/Rome", Clocks(skipped=True, repeated=True)),
        ("*/20 2 * * *", "Europe/Rome", Clocks(skipped=True, repeated=True)),
        pytest.param("0 2 * * *", "Europe/Rome", Clocks(repeated=True), id="the-change-itself"),
        pytest.param("30 2 * * 1-5", "Europe/Rome", NOTHING, id="clocks-change-on-sundays"),
        pytest.param("30 2 1-24 * *", "Europe/Rome", NOTHING, id="and-late-in-the-month"),
        ("30 2 * 3 *", "Europe/Rome", Clocks(skipped=True)),
        ("30 2 * 10 *", "Europe/Rome", Clocks(repeated=True)),
        ("30 1 * * *", "Europe/Rome", NOTHING),
        ("30 1 * * *", "Europe/London", Clocks(skipped=True, repeated=True)),
        ("30 0 * * *", "America/Havana", Clocks(skipped=True, repeated=True)),
        pytest.param("45 1 * * *", "Australia/Lord_Howe", Clocks(repeated=True), id="half-an-hour"),
        ("30 2 * * *", "UTC", NOTHING),
        ("15 * * * *", "UTC", NOTHING),
        ("15 * * * *", "America/New_York", Clocks(hourly=True)),
        ("15 0-23 * * *", "America/New_York", Clocks(hourly=True)),
        ("15 * * * mon", "America/New_York", Clocks(of_days=True)),
        ("15 * * * sun", "America/New_York", Clocks(hourly=True, of_days=True)),
        ("15 * * * mon", "Asia/Kolkata", NOTHING),
    ],
)
def test_a_time_is_named_if_clocks_skip_it_or_show_it_twice(
    cron: str, timezone: str, named: Clocks
) -> None:
    assert clocks(cron, timezone) == named
