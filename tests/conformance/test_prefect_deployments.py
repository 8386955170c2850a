"""What the deployments of a `prefect.yaml` do on a server with a worker: late runs, runs that come
while another one runs, slots of pools, limits of time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from doors import Visit, follow, pipeline, visits, waiting, write
from lanes import LANES
from servers import told

(LANE,) = (lane for lane in LANES if lane.name == "prefect")
SCRIPT = Path(__file__).with_name("live_prefect.py")
SETTINGS = {"backends": {"prefect": {"out": "generated/prefect"}}, "pools": {"narrow": 1}}
NEVER = {"cron": "0 0 29 2 *"}
OFF = {"skips", "off"}
EACH_MINUTE = {"cron": "* * * * *"}


PIPELINES = {
    name: pipeline(name, **given)
    for name, given in {
        "unsaid": {"schedule": NEVER},
        "skips": {"schedule": {**NEVER, "overlap": "skip", "enabled": False}},
        "queues": {"schedule": {**NEVER, "overlap": "queue"}},
        "allows": {"schedule": {**NEVER, "overlap": "allow"}},
        "missed": {"schedule": {**NEVER, "catchup": False}},
        "missed_queues": {"schedule": {**NEVER, "overlap": "queue"}},
        "missed_allows": {"schedule": {**NEVER, "overlap": "allow"}},
        "each_minute": {"schedule": EACH_MINUTE},
        "off": {"schedule": {**EACH_MINUTE, "enabled": False}},
        "later": {"schedule": {**EACH_MINUTE, "start": "2999-01-01"}},
        "one": {"schedule": NEVER, "of_task": {"pool": "narrow"}},
        "other": {"schedule": NEVER, "of_task": {"pool": "narrow"}},
        "late": {
            "schedule": NEVER,
            "timeout": "15s",
            "activations": {"after_late": waiting("after_late", depends_on=["late"])},
        },
    }.items()
}

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("prefect")]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the server made of the deployments, and when tasks were at the door."""

    deployments: dict[str, Any]
    visits: dict[str, list[Visit]]

    def runs(self, name: str) -> list[tuple[str, str]]:
        """Return the states of runs before the door opened, and in the end."""
        return [(before, after) for before, after in self.deployments[name]["runs"]]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    scratch = tmp_path_factory.mktemp("deployments")
    project = write(scratch / "project", SETTINGS, PIPELINES)
    (door := scratch / "door").mkdir()
    folder = project / "generated" / "prefect"
    lines = told(SCRIPT, LANE.python, folder, door, PYTHONPATH=project, DOOR=door, TMPDIR=scratch)
    return Seen(json.loads(lines[-1]), visits(door))


def test_a_schedule_is_on_unless_it_says_otherwise(seen: Seen) -> None:
    active = {name: deployed["active"] for name, deployed in seen.deployments.items()}
    assert {name for name, schedules in active.items() if schedules == [False]} == OFF
    assert all(len(schedules) == 1 for schedules in active.values())
    assert seen.runs("off") == []


def test_of_the_runs_that_came_due_without_a_worker_one_is_made(seen: Seen) -> None:
    made, *others = sorted(seen.runs("missed"), reverse=True)
    assert made == ("Running", "Completed")
    assert others == [("Cancelled", "Cancelled")] * 2
    assert len(seen.visits["missed"]) == 1


def test_with_queue_and_allow_all_of_them_are_made_as_the_table_says(seen: Seen) -> None:
    first, *others = sorted(seen.runs("missed_queues"), reverse=True)
    assert first == ("Running", "Completed")
    assert others == [("AwaitingConcurrencySlot", "Completed")] * 2
    assert all(follow(*pair) for pair in pairwise(seen.visits["missed_queues"]))
    assert seen.runs("missed_allows") == [("Running", "Completed")] * 3


@pytest.mark.parametrize("name", ["unsaid", "skips", "each_minute"])
def test_with_skip_a_run_that_comes_while_another_runs_is_cancelled(seen: Seen, name: str) -> None:
    made, *others = sorted(seen.runs(name), reverse=True)
    assert made == ("Running", "Completed")
    assert set(others) == {("Cancelled", "Cancelled")}
    assert all(follow(*pair) for pair in pairwise(seen.visits[name]))


def test_with_queue_a_run_waits_for_the_end_of_the_one_before(seen: Seen) -> None:
    states = [("Running", "Completed"), ("AwaitingConcurrencySlot", "Completed")]
    assert seen.runs("queues") == states
    assert follow(*seen.visits["queues"])


def test_with_allow_runs_are_side_by_side(seen: Seen) -> None:
    assert seen.runs("allows") == [("Running", "Completed")] * 2
    assert not follow(*seen.visits["allows"])


def test_a_run_before_the_first_day_cancels_itself(seen: Seen) -> None:
    assert set(seen.runs("later")) == {("Cancelled", "Cancelled")}
    assert "later" not in seen.visits


def test_runs_take_turns_in_a_pool(seen: Seen) -> None:
    assert seen.runs("one") == seen.runs("other") == [("Running", "Completed")]
    assert follow(*seen.visits["one"], *seen.visits["other"])


def test_a_run_that_takes_too_long_fails_and_starts_nothing_more(seen: Seen) -> None:
    assert seen.runs("late") == [("TimedOut", "TimedOut")], "the door was still shut"
    assert len(seen.visits["late"]) == 1
    assert "after_late" not in seen.visits
