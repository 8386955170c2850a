"""The committed code, run on the real orchestrators, does what `pipegen.semantics` says.

A case is a specification and a plan of faults. The expected trace is computed; the
observed one is what a recorder read from the orchestrator, and from the log that the tasks
and dbt models of the project write themselves.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml
from lanes import Recorder
from traces import assert_same, meaning_of, trace_of

from pipegen import ir

HERE = Path(__file__).parent
# so much of it that each lane has two groups of tests: two processes then end at the same time
pytestmark = pytest.mark.xdist_group("dbt")
PROJECTS = HERE / "projects"
CASES: dict[str, dict[str, list[str]]] = yaml.safe_load((HERE / "cases.yaml").read_text())
PIPELINES = ("mini_step", "mini_lineage", "mini_model", "mini_untested", "mini_late")
UNTESTED = (
    "all-green",
    "staging-model-fails-for-good",
    "error-test-fails",
    "test-of-two-models-fails",
)
"""The cases that tell a pipeline without tests from one with."""
LATE = (*UNTESTED, "error-test-fails-once", "mart-fails-for-good", "warn-test-fails")
"""Those that tell one which tests at the end."""
STEP = (
    "all-green",
    "staging-model-fails-once",
    "mart-fails-for-good",
    "error-test-fails",
    "error-test-fails-once",
    "test-of-two-models-fails",
    "warn-test-fails",
    "orders-are-stale",
    "customers-are-stale",
)
"""Those in which a step differs from its nodes: on Dagster each is a start of dbt."""
LINEAGE = (
    *STEP,
    "ingestion-fails-for-good",
    "staging-model-fails-for-good",
    "stale-and-a-test-fails",
)
"""Those in which a group of nodes differs from them, and those it must not differ in."""
RUNS = [
    *((case, "mini_model") for case in CASES),
    *((case, "mini_lineage") for case in LINEAGE),
    *((case, "mini_step") for case in STEP),
    *((case, "mini_untested") for case in UNTESTED),
    *((case, "mini_late") for case in LATE),
]

meaning = cache(meaning_of)


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory, mini_dbt: Path) -> Path:
    folder = tmp_path_factory.mktemp("projects")
    ignored = shutil.ignore_patterns("target", "logs", "dbt", "__pycache__")
    for name in PIPELINES:
        shutil.copytree(PROJECTS / name, folder / name, ignore=ignored)
        shutil.copytree(mini_dbt, folder / name / "dbt")
    return folder


@pytest.mark.turns
@pytest.mark.parametrize(("case", "pipeline"), RUNS)
def test_a_run_leaves_the_trace_the_semantics_define(
    recorder: Recorder, projects: Path, case: str, pipeline: str, tmp_path: Path
) -> None:
    plan, project = CASES[case], projects / pipeline
    meant = meaning(project, pipeline)
    expected = trace_of(meant, plan)
    faults, log = tmp_path / "faults.json", tmp_path / "log"
    faults.write_text(json.dumps(plan))

    seen = recorder.run(
        project,
        Path("expected") / recorder.lane.name,
        pipeline,
        {"MINI_DB": tmp_path / "mini.duckdb", "MINI_FAULTS": faults, "MINI_LOG": log},
    )

    assert_same(seen, expected, meant, recorder.lane.native)
    assert side_effects(log) == {
        name: ran.attempts
        for name, ran in expected.tasks
        if ran.attempts and not isinstance(meant.task(name).action, ir.Dbt | ir.Freshness)
    }


def side_effects(log: Path) -> dict[str, int]:
    """Return how often each task of the user's code really ran."""
    lines = log.read_text().splitlines() if log.exists() else []
    return dict(Counter(json.loads(line)["task"] for line in lines))
