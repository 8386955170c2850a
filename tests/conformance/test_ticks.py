"""What a schedule of Dagster does when a run comes due while another has not ended."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from lanes import LANES, ROOT

HERE = Path(__file__).parent
CASES = ROOT / "tests" / "snapshot" / "cases"
(DAGSTER,) = (lane for lane in LANES if lane.name == "dagster")

pytestmark = pytest.mark.xdist_group("dagster")


@pytest.mark.parametrize(
    ("case", "pipeline", "status", "runs"),
    [
        pytest.param("control_dagster", "decides", "RUNNING", [1, 0, 1], id="skip"),
        pytest.param("no_dbt", "nightly", "RUNNING", [1, 0, 1], id="left-out"),
        pytest.param("control_dagster", "checked", "STOPPED", [1, 1, 1], id="queue-switched-off"),
        pytest.param("control_dagster", "free", "RUNNING", [1, 1, 1], id="allow"),
    ],
)
def test_a_run_that_comes_due_meanwhile_is_dropped_if_overlap_says_so(
    case: str, pipeline: str, status: str, runs: list[int]
) -> None:
    file = CASES / case / "expected" / "dagster" / "defs" / f"pg_{pipeline}.py"
    done = subprocess.run(
        [DAGSTER.python, HERE / "ticks_dagster.py", file],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout.splitlines()[-1]) == [status, *runs]
