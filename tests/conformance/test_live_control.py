"""What only a scheduler does: run tasks side by side, hold them back, and end what takes too long.

The cases are those of `control`, on Airflow's scheduler and workers. Their slow tasks end well
by themselves in the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
from control import Rendered, cases, render_all
from lanes import LANES
from servers import told
from traces import trace_of

from pipegen.semantics import State

HERE = Path(__file__).parent
[AIRFLOW] = [lane for lane in LANES if lane.name == "airflow"]
DUE = {"cron": "0 0 1 1 *"}
SLOW = ("right", "slow", "a", "b")
PLAN = {"left": ["fail"], "gate": ["no"]} | {name: ["hang"] for name in SLOW}
AS_MEANT = {"left": ["fail"], "gate": ["no"]}
"""The plan of `run_if`, where what is slow ends well."""

pytestmark = pytest.mark.lab


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a task; one that did not start has no times."""

    state: str
    attempts: int
    started: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Live:
    """What the scheduler made of the cases: the ends of runs, and of each run's tasks.

    `log` has a file for each attempt that began.
    """

    rendered: dict[str, Rendered]
    log: Path
    runs: dict[str, str]
    tasks: dict[str, dict[str, Any]]

    def of(self, pipeline: str) -> dict[str, Ran]:
        """Return the tasks of a pipeline that started, but for those that only govern."""
        return {
            name: Ran(state, attempts, *map(datetime.fromisoformat, times))
            for name, (state, attempts, *times) in self.tasks[pipeline].items()
            if attempts and not AIRFLOW.extra(name)
        }


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Live:
    scratch = tmp_path_factory.mktemp("live")
    changes: dict[str, dict[str, Any]] = {"run_if": {}, "limits": {}, "run_timeout": {}}
    changes["run_timeout"]["timeout"] = "18s"  # what is slow takes 30
    found = {
        name: replace(case, pipeline={**case.pipeline, **changes[name], "schedule": DUE})
        for name, case in cases().items()
        if name in changes
    }
    folder = scratch / "project"
    rendered = render_all(found.values(), folder, project)
    (scratch / "plan.json").write_text(json.dumps(PLAN))
    (scratch / "log").mkdir()
    files = folder / "generated" / "airflow"
    lines = told(
        HERE / "live_airflow.py",
        AIRFLOW.python,
        files / "dags",
        files / "pools.json",
        PYTHONPATH=folder,
        CONTROL_PLAN=scratch / "plan.json",
        CONTROL_LOG=scratch / "log",
    )
    runs, rows = map(json.loads, lines[-2:])
    tasks: dict[str, dict[str, Any]] = {name: {} for name in runs}
    for path, *what in rows:
        pipeline, _, task = path.partition(".")
        tasks[pipeline][task] = what
    return Live(rendered, scratch / "log", runs, tasks)


def test_what_decides_waits_until_all_have_ended(live: Live) -> None:
    trace = trace_of(live.rendered["run_if"].meaning, AS_MEANT)
    seen, tasks = live.of("run_if"), live.tasks["run_if"]
    assert {name: (tasks[name][0], tasks[name][1]) for name, _ in trace.tasks} == {
        name: (ran.state.value, ran.attempts) for name, ran in trace.tasks
    }
    assert live.runs["run_if"] == "failed"
    assert seen["left"].ended < seen["right"].ended, "nothing could have been early"
    for before, after in trace.order:
        assert seen[before].ended <= seen[after].started, f"{after} did not wait for {before}"


def test_tasks_are_held_back_by_their_run_and_their_pool(live: Live) -> None:
    seen = live.of("limits")
    assert live.runs["limits"] == "success"
    times = [(ran.started, ran.ended) for ran in seen.values()]
    assert any(one[0] < other[1] and other[0] < one[1] for one, other in combinations(times, 2))
    for start, _ in times:
        assert sum(started <= start < ended for started, ended in times) <= 2
    narrow = sorted((seen[name].started, seen[name].ended) for name in ("a", "b", "after"))
    assert all(first[1] <= then[0] for first, then in pairwise(narrow))


def test_a_run_that_takes_too_long_fails_and_skips_what_still_runs(live: Live) -> None:
    meaning = live.rendered["run_timeout"].meaning
    expected = dict(trace_of(meaning, {"slow": ["hang"]}).tasks)
    assert expected["slow"].state is State.FAILED, "the table says that Airflow differs"
    assert (live.log / "slow.1").exists()
    assert live.runs["run_timeout"] == "failed"
    tasks = live.tasks["run_timeout"]
    assert tasks["slow"][:2] == ["skipped", 1]
    for name in ("after_slow", "always"):
        assert tasks[name][:2] == [expected[name].state.value, expected[name].attempts]
