"""A run of Dagster in which steps decided for themselves is run again from what failed."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from control import cases, render
from lanes import LANES

HERE = Path(__file__).parent
(DAGSTER,) = (lane for lane in LANES if lane.name == "dagster")

pytestmark = pytest.mark.xdist_group("dagster")


def test_from_asset_failure_repeats_what_failed_and_what_waited_for_it(
    project: Path, tmp_path: Path
) -> None:
    rendered = render(cases()["run_if"], tmp_path / "project", project)
    plan, log = tmp_path / "plan.json", tmp_path / "log"
    plan.write_text(json.dumps({"left": ["fail", "ok"]}))
    log.mkdir()
    file = rendered.folder / "generated" / "dagster" / DAGSTER.path("run_if")
    environment = {
        **os.environ,
        "CONTROL_PLAN": str(plan),
        "CONTROL_LOG": str(log),
        "FILE": str(file),
        "JOB": "run_if",
        "PYTHONPATH": str(rendered.folder),
    }

    done = subprocess.run(
        [DAGSTER.python, HERE / "again_dagster.py"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    ends, states = json.loads(done.stdout.splitlines()[-1])
    assert ends == [False, False, True], "from failure repeats the verdict alone, which fails again"
    assert states == {
        "left": "success",
        "all_success": "success",
        "none_failed": "success",
        "any_skipped": "skipped",
    }
    assert len(list(log.glob("left.*"))) == 2
    assert len(list(log.glob("right.*"))) == 1, "what had ended well is left alone"
