"""What only Airflow's scheduler does: missed instants, and runs that come while others run."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from doors import Visit, follow, visits, waiting, write
from lanes import LANES
from servers import told

SCRIPT = Path(__file__).with_name("schedules_airflow.py")
(LANE,) = (lane for lane in LANES if lane.name == "airflow")
SETTINGS = {"backends": {"airflow": {"out": "generated/airflow"}}}
YEAR = datetime.now().year
EACH_MINUTE = {"cron": "* * * * *"}
EACH_YEAR = {"cron": "0 0 1 1 *", "start": f"{YEAR - 2}-01-01"}
SCHEDULES: dict[str, dict[str, Any]] = {
    "missed": {**EACH_YEAR, "catchup": False},
    "catches_up": {**EACH_YEAR, "catchup": True},
    "skips": {**EACH_MINUTE, "overlap": "skip"},
    "queues": {**EACH_MINUTE, "overlap": "queue"},
    "allows": {**EACH_YEAR, "overlap": "allow"},
    "off": {**EACH_YEAR, "enabled": False},
}
WANTED = {"missed": 1, "catches_up": 3, "skips": 3, "queues": 3, "allows": 2}
BY_HAND = ("off", "skips", "queues", "allows")

pytestmark = [pytest.mark.lab, pytest.mark.xdist_group("airflow")]


class Run(NamedTuple):
    """A run: which kind, its instant, its state before the door opened, and its end."""

    kind: str
    instant: datetime
    before: str | None
    end: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What the scheduler made of the DAGs, and when tasks were at the door."""

    runs: dict[str, list[Run]]
    visits: dict[str, list[Visit]]

    def states(self, dag: str) -> set[tuple[str, str | None, str]]:
        """Return which kinds of runs there were, and their states."""
        return {(run.kind, run.before, run.end) for run in self.runs[dag]}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    scratch = tmp_path_factory.mktemp("scheduler")
    pipelines = {
        name: {"schedule": schedule, "sources": {name: waiting(name)}}
        for name, schedule in SCHEDULES.items()
    }
    project = write(scratch / "project", SETTINGS, pipelines)
    (door := scratch / "door").mkdir()
    given = (project / "generated" / "airflow" / "dags", door, *map(json.dumps, (WANTED, BY_HAND)))
    lines = told(SCRIPT, LANE.python, *given, PYTHONPATH=project, DOOR=door, TMPDIR=scratch)
    runs: dict[str, list[Run]] = {}
    for dag, kind, instant, *states in json.loads(lines[-1]):
        runs.setdefault(dag, []).append(Run(kind, datetime.fromisoformat(instant), *states))
    return Seen(runs, visits(door))


def test_of_the_instants_missed_the_latest_is_made_up_for(seen: Seen) -> None:
    assert [run.instant for run in seen.runs["missed"]] == [datetime(YEAR, 1, 1)]
    assert seen.states("missed") == {("scheduled", "running", "success")}


def test_with_catchup_each_missed_instant_has_its_run_one_after_the_other(seen: Seen) -> None:
    instants = [datetime(year, 1, 1) for year in (YEAR - 2, YEAR - 1, YEAR)]
    assert [run.instant for run in seen.runs["catches_up"]] == instants
    assert {run.end for run in seen.runs["catches_up"]} == {"success"}
    assert all(follow(*pair) for pair in pairwise(seen.visits["catches_up"]))


@pytest.mark.parametrize("dag", ["skips", "queues"])
def test_runs_take_turns_and_the_latest_that_came_due_is_the_next(seen: Seen, dag: str) -> None:
    assert ("manual", "queued", "success") in seen.states(dag), "the table says that it waits"
    first, then, *_ = (run for run in seen.runs[dag] if run.kind == "scheduled")
    assert (first.before, then.before) == ("running", None)
    assert then.instant - first.instant >= timedelta(minutes=2), "the table says that others do not"
    assert all(follow(*pair) for pair in pairwise(seen.visits[dag]))


def test_with_allow_runs_are_side_by_side(seen: Seen) -> None:
    states = {(kind, "running", "success") for kind in ("scheduled", "manual")}
    assert seen.states("allows") == states
    assert not follow(*seen.visits["allows"])


def test_a_schedule_that_is_off_starts_nothing(seen: Seen) -> None:
    assert seen.states("off") == {("manual", "queued", "queued")}, "the table says that it waits"
    assert "off" not in seen.visits
