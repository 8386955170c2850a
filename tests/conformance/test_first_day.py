"""What Prefect's schedule starts before the first day of a pipeline does nothing.

The other schedules do not start it: the instants of `scheduled` show it where runs are compared.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from control import cases, render
from lanes import LANES, Recorder

CASE = cases()["scheduled"]
(LANE,) = (lane for lane in LANES if not lane.starts)


@pytest.mark.parametrize(
    "recorder",
    [pytest.param(LANE, id=LANE.name, marks=pytest.mark.xdist_group(LANE.name))],
    indirect=True,
)
def test_a_run_before_the_first_day_is_cancelled(
    recorder: Recorder, project: Path, tmp_path: Path
) -> None:
    rendered, log = render(CASE, tmp_path / "project", project), tmp_path / "log"
    log.mkdir()
    (tmp_path / "plan.json").write_text("{}")
    environment = {"CONTROL_PLAN": tmp_path / "plan.json", "CONTROL_LOG": log}

    def run(day: str) -> dict[str, Any]:
        out = Path("generated", LANE.name)
        return recorder.run(rendered.folder, out, CASE.name, environment, day=day)

    before = run("2026-01-09")
    assert (before["succeeded"], before["tasks"]) == (False, {})
    assert not list(log.iterdir())
    assert run("2026-01-10")["succeeded"]
    assert len(list(log.iterdir())) == 1
