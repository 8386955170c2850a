"""Pipelines that nobody thought of do on each orchestrator what `semantics` says.

`PIPEGEN_DRAWS` is how many are drawn for each back end, and `PIPEGEN_SEED` which.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from control import Case, assert_runs_as_meant, render
from drawn import drawn
from hypothesis import HealthCheck, given, seed, settings
from lanes import Recorder

DRAWS = int(os.environ.get("PIPEGEN_DRAWS", "25"))
SEED = int(os.environ.get("PIPEGEN_SEED", "1"))
MOST = 30 if DRAWS > 25 else 12
"""The most tasks of a pipeline beside those of dbt."""


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drawn")


def test_a_drawn_pipeline_leaves_the_trace_the_semantics_define(
    recorder: Recorder, project: Path, scratch: Path
) -> None:
    @seed(SEED)
    @settings(
        max_examples=DRAWS,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(drawn(MOST))
    def holds(case: Case) -> None:
        folder = scratch / recorder.lane.name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        rendered = render(case, folder / "project", project)
        assert_runs_as_meant(recorder, rendered, case, "plan", folder)

    holds()
