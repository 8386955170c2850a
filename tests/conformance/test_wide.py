"""Two dbt projects with everything dbt has do on each orchestrator what `semantics` says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import chdir
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner
from lanes import Recorder
from traces import trace_of
from wide import CASES, assert_runs_as_meant, copy_to, meaning

from pipegen import ir

# so much of it that each lane has two groups of tests: two processes then end at the same time
pytestmark = pytest.mark.xdist_group("dbt")

AS_STEPS = ("all-green", "a-source-test-fails")
"""The cases that end in another way where a transform is one task."""
AS_LINEAGE = (
    "all-green",
    "a-parent-of-an-ephemeral-model-fails",
    "a-test-of-a-model-and-its-source-fails",
    "a-stored-test-fails-once-and-one-of-two-transforms",
)
"""Those that tell where a transform is cut where its lineage needs it."""
LEFT_OUT = (
    "a-package-model-fails",
    "a-parent-of-an-ephemeral-model-fails",
    "a-test-of-an-ephemeral-model-fails",
    "a-singular-test-fails",
    "the-ends-fail-and-an-incremental-model-once",
)
"""Those held against dbt itself: each leaves out nodes for a reason of its own."""
RUNS = [
    *((case, "wide_model") for case in CASES),
    *((case, "wide_step") for case in AS_STEPS),
    *((case, "wide_lineage") for case in AS_LINEAGE),
]
LOAD = "from mini_tasks.tasks import load_customers, load_orders; load_orders(); load_customers()"


@pytest.fixture(scope="session")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_to(tmp_path_factory.mktemp("wide"))


@pytest.mark.turns
@pytest.mark.parametrize(("case", "pipeline"), RUNS)
def test_a_run_leaves_the_trace_the_semantics_define(
    recorder: Recorder, wide: Path, case: str, pipeline: str, tmp_path: Path
) -> None:
    assert_runs_as_meant(recorder, wide / pipeline, CASES[case], tmp_path)


@pytest.mark.parametrize("case", LEFT_OUT)
def test_tasks_of_one_node_each_leave_out_the_nodes_that_one_dbt_build_does(
    case: str, wide: Path, loaded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = {element: outcomes[:1] for element, outcomes in CASES[case].items()}
    (tmp_path / "faults.json").write_text(json.dumps(plan))
    monkeypatch.setenv("MINI_FAULTS", str(tmp_path / "faults.json"))
    monkeypatch.setenv("MINI_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("MINI_DB", str(shutil.copy(loaded, tmp_path / "mini.duckdb")))

    ran = dbt_build(wide / "wide_model" / "dbt" / "core")

    meant = meaning(wide / "wide_model", "wide_model")
    ends = dict(trace_of(meant, plan).tasks)
    assert ran == {
        node.unique_id: ends[task.name].attempts > 0
        for task in meant.tasks
        if isinstance(task.action, ir.Dbt) and task.action.project.name == "core"
        for node in task.action.nodes
    }


@pytest.fixture(scope="module")
def loaded(wide: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database in which all is loaded and nothing built."""
    folder = tmp_path_factory.mktemp("loaded")
    paths = {"MINI_DB": str(folder / "mini.duckdb"), "MINI_LOG": str(folder / "log")}
    command = [sys.executable, "-c", LOAD]
    subprocess.run(command, cwd=wide / "wide_model", env={**os.environ, **paths}, check=True)
    return folder / "mini.duckdb"


def dbt_build(project: Path) -> dict[str, bool]:
    """Return which nodes one `dbt build` of a project ran, and which it skipped."""
    with chdir(project):
        done = dbtRunner().invoke(["--quiet", "build", "--profiles-dir", "../profiles"])
    assert done.exception is None
    return {
        result.node.unique_id: result.status != "skipped"
        for result in done.result.results
        if result.node.resource_type in ("model", "seed", "snapshot")
    }
