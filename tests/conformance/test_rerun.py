"""A run that failed is run again from its failure, with the commands of docs/rerun.md."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from lanes import ROOT, Recorder
from traces import meaning_of, trace_of

from pipegen import ir, semantics

PAGE = (ROOT / "docs" / "rerun.md").read_text(encoding="utf-8")
SECTIONS = {part.split("\n")[0].lower(): part for part in PAGE.split("\n## ")[1:]}
PROJECTS = Path(__file__).parent / "projects"
DAY = "2026-01-05"


def shown(lane: str, language: str) -> str:
    """Return what a section of the page shows in a language."""
    return "".join(re.findall(rf"```{language}\n(.*?)```", SECTIONS[lane], re.DOTALL))


@pytest.fixture(scope="session")
def mended(tmp_path_factory: pytest.TempPathFactory, mini_dbt: Path) -> Path:
    folder = tmp_path_factory.mktemp("mended")
    for name in ("mini_model", "mini_step"):
        ignored = shutil.ignore_patterns("target", "logs", "dbt", "__pycache__")
        shutil.copytree(PROJECTS / name, folder / name, ignore=ignored)
        shutil.copytree(mini_dbt, folder / name / "dbt")
    return folder


@pytest.mark.turns
@pytest.mark.parametrize(
    ("pipeline", "fault"),
    [("mini_model", "order_report"), ("mini_model", "error_test"), ("mini_step", "error_test")],
)
def test_a_recipe_runs_what_failed_and_what_was_held_back(
    recorder: Recorder, mended: Path, pipeline: str, fault: str, tmp_path: Path
) -> None:
    project, lane = mended / pipeline, recorder.lane.name
    out = Path("expected") / lane
    faults, log = tmp_path / "faults.json", tmp_path / "log"
    environment = {
        "MINI_DB": tmp_path / "mini.duckdb",
        "MINI_FAULTS": faults,
        "MINI_LOG": log,
        "PREFECT_LOCAL_STORAGE_PATH": tmp_path / "storage",
        "PIPELINE": pipeline,
        "DAY": DAY,
        **dict(line.split("=") for line in shown(lane, "ini").splitlines()),
    }
    (project / out / "rerun.py").write_text(shown(lane, "python"))
    faults.write_text(json.dumps({fault: ["fail"]}))
    assert not recorder.run(project, out, pipeline, environment, day=DAY)["succeeded"]
    before = entries(log)

    faults.write_text("{}")
    again = recorder.run(project, out, pipeline, environment, recipe=shown(lane, "bash"))

    assert again["succeeded"]
    meant = meaning_of(project, pipeline)
    trace = trace_of(meant, {fault: ["fail"]})
    left = [name for name, ran in trace.tasks if ran.state is not semantics.State.SUCCESS]
    assert 0 < len(left) < len(meant.tasks)
    ran = Counter(effect for name in left for effect in whole(meant.task(name)))
    late = [entry for entry in entries(log) if entry not in before]
    assert Counter(entry["task"] for entry in late) == ran
    assert [entry["day"] for entry in late if entry["task"] == "notify"] == [DAY]


def whole(task: ir.Task) -> list[str]:
    """Return what a task leaves in the log: for a dbt task its nodes and tests.

    dbt's question for the age of tables leaves nothing there.
    """
    if isinstance(task.action, ir.Freshness):
        return []
    if not isinstance(task.action, ir.Dbt):
        return [task.name]
    return [item.name for item in (*task.action.nodes, *task.action.tests)]


def entries(log: Path) -> list[dict[str, Any]]:
    """Return what tasks, dbt models and dbt tests wrote down, an entry an attempt."""
    markers = (marker.read_text() for marker in log.parent.glob(f"{log.name}.*.json"))
    return [json.loads(line) for line in (*log.read_text().splitlines(), *markers)]
