"""What only Dagster's daemon does: ticks, the queue of runs, the slots of pools, limits of time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from doors import Visit, follow, pipeline, visits, waiting, write
from lanes import LANES
from servers import told

SCRIPT = Path(__file__).with_name("daemon_dagster.py")
(LANE,) = (lane for lane in LANES if lane.name == "dagster")
SETTINGS = {"backends": {"dagster": {"out": "generated/dagster"}}, "pools": {"narrow": 1}}
EACH_MINUTE = {"cron": "* * * * *"}
EACH_YEAR = {"cron": "0 0 1 1 *", "timezone": "Europe/Rome"}


PIPELINES = {
    name: pipeline(name, **given)
    for name, given in {
        "unsaid": {"schedule": EACH_MINUTE},
        "skips": {"schedule": {**EACH_MINUTE, "overlap": "skip"}},
        "queues": {"schedule": {**EACH_MINUTE, "overlap": "queue"}},
        "allows": {"schedule": {**EACH_MINUTE, "overlap": "allow"}},
        "off": {"schedule": {**EACH_MINUTE, "enabled": False}},
        "later": {"schedule": {**EACH_MINUTE, "start": "2999-01-01"}},
        "missed": {"schedule": {**EACH_YEAR, "catchup": False}},
        "one": {"schedule": EACH_YEAR, "of_task": {"pool": "narrow"}},
        "other": {"schedule": EACH_YEAR, "of_task": {"pool": "narrow"}},
        "late": {
            "schedule": EACH_YEAR,
            "timeout": "20s",
            "activations": {"after_late": waiting("after_late", depends_on=["late"])},
        },
    }.items()
}

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("dagster")]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the daemon made of the schedules, and when tasks were at the door."""

    jobs: dict[str, Any]
    visits: dict[str, list[Visit]]

    def ticks(self, job: str) -> list[tuple[str, int]]:
        """Return how the ticks of a schedule ended, and how many runs they asked for."""
        return [(status, runs) for _, status, runs in self.jobs[job]["ticks"]]

    def runs(self, job: str) -> list[tuple[str, str]]:
        """Return the states of runs before the door opened, and how they ended."""
        return [(before, after) for before, after, _ in self.jobs[job]["runs"]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    scratch = tmp_path_factory.mktemp("daemon")
    project = write(scratch / "project", SETTINGS, PIPELINES)
    (door := scratch / "door").mkdir()
    folder = project / "generated" / "dagster"
    lines = told(SCRIPT, LANE.python, folder, door, PYTHONPATH=project, DOOR=door, TMPDIR=scratch)
    return Seen(json.loads(lines[-1]), visits(door))


def test_of_the_instants_missed_the_latest_is_made_up_for(seen: Seen) -> None:
    rome = ZoneInfo("Europe/Rome")
    new_year = datetime(datetime.now(rome).year, 1, 1, tzinfo=rome).timestamp()
    assert seen.jobs["missed"]["ticks"] == [[new_year, "SUCCESS", 1]]
    assert seen.runs("missed") == [("STARTED", "SUCCESS")]


@pytest.mark.parametrize("job", ["unsaid", "skips"])
def test_with_skip_no_run_starts_while_another_runs(seen: Seen, job: str) -> None:
    first, *others = seen.ticks(job)
    assert first == ("SUCCESS", 1)
    assert set(others) == {("SKIPPED", 0)}
    assert seen.runs(job) == [("STARTED", "SUCCESS")]


def test_with_queue_a_run_waits_for_the_end_of_the_one_before(seen: Seen) -> None:
    assert set(seen.ticks("queues")) == {("SUCCESS", 1)}
    assert seen.runs("queues")[:2] == [("STARTED", "SUCCESS"), ("QUEUED", "SUCCESS")]
    assert all(follow(*pair) for pair in pairwise(seen.visits["queues"]))


def test_with_allow_runs_are_side_by_side(seen: Seen) -> None:
    assert set(seen.ticks("allows")) == {("SUCCESS", 1)}
    assert set(seen.runs("allows")[:2]) == {("STARTED", "SUCCESS")}
    assert not follow(*seen.visits["allows"][:2])


def test_a_schedule_that_is_off_or_has_not_begun_starts_nothing(seen: Seen) -> None:
    assert "off" not in seen.jobs, "it was never on"
    assert set(seen.ticks("later")) == {("SKIPPED", 0)}
    assert seen.visits.keys().isdisjoint({"off", "later"})


def test_runs_take_turns_in_a_pool(seen: Seen) -> None:
    ends = {after for _, after in seen.runs("one") + seen.runs("other")}
    assert ends == {"SUCCESS"}
    assert follow(*sorted(seen.visits["one"] + seen.visits["other"]))


def test_a_run_that_takes_too_long_is_ended_and_starts_nothing_more(seen: Seen) -> None:
    [[before, after, steps]] = seen.jobs["late"]["runs"]
    # the daemon says that it failed, its process that it was cancelled: the last word stands
    assert {before, after} <= {"FAILURE", "CANCELED"}, "it ended before the door opened"
    assert steps == {"late__late": "FAILURE"}, "the table says that what did not start is not shown"
    assert [visit.ended for visit in seen.visits["late"]] == [None], "it was not stopped"
    assert "after_late" not in seen.visits
