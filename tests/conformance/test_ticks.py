"""What a schedule of Dagster does when a run comes due while another has not ended."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from lanes import LANES, ROOT

HERE = Path(__file__).parent
FILES = ROOT / "tests" / "snapshot" / "cases" / "control_dagster" / "expected" / "dagster" / "defs"
(DAGSTER,) = (lane for lane in LANES if lane.name == "dagster")

pytestmark = pytest.mark.xdist_group("dagster")


@pytest.mark.parametrize(
    ("pipeline", "status", "runs"),
    [
        pytest.param("decides", "RUNNING", [1, 0, 1], id="skip"),
        pytest.param("checked", "STOPPED", [1, 1, 1], id="queue-switched-off"),
        pytest.param("free", "RUNNING", [1, 1, 1], id="allow"),
    ],
)
def test_a_run_that_comes_due_meanwhile_is_dropped_if_overlap_says_so(
    pipeline: str, status: str, runs: list[int]
) -> None:
    done = subprocess.run(
        [DAGSTER.python, HERE / "ticks_dagster.py", FILES / f"pg_{pipeline}.py"],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout.splitlines()[-1]) == [status, *runs]
