"""The wide projects, their cases, and a run of one held against what it means."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import yaml
from lanes import ROOT, Recorder
from test_equivalence import side_effects
from traces import assert_same, meaning_of, trace_of

from pipegen import ir

HERE = Path(__file__).parent
Plan = dict[str, list[str]]
CASES: dict[str, Plan] = yaml.safe_load((HERE / "wide.yaml").read_text())

meaning = cache(meaning_of)


def copy_to(folder: Path) -> Path:
    """Copy the wide projects into a folder, and make the manifests there."""
    made = shutil.ignore_patterns("target", "logs", "dbt_packages", "__pycache__")
    shutil.copytree(HERE / "projects" / "wide_model", folder / "wide_model", ignore=made)
    command = [sys.executable, ROOT / "tests" / "manifests.py", folder / "wide_model"]
    subprocess.run(command, check=True)
    others = shutil.ignore_patterns("dbt", "__pycache__")
    for name in ("wide_step", "wide_lineage"):
        shutil.copytree(HERE / "projects" / name, folder / name, ignore=others)
        shutil.copytree(folder / "wide_model" / "dbt", folder / name / "dbt")
    return folder


def assert_runs_as_meant(recorder: Recorder, project: Path, plan: Plan, scratch: Path) -> None:
    """Run the pipeline of a project with a plan of faults, and assert its trace and its log."""
    meant = meaning(project, project.name)
    expected = trace_of(meant, plan)
    faults, log = scratch / "faults.json", scratch / "log"
    faults.write_text(json.dumps(plan))

    seen = recorder.run(
        project,
        Path("expected") / recorder.lane.name,
        project.name,
        {"MINI_DB": scratch / "mini.duckdb", "MINI_FAULTS": faults, "MINI_LOG": log},
    )

    assert_same(seen, expected, meant, recorder.lane.native)
    assert side_effects(log) == {
        name: ran.attempts
        for name, ran in expected.tasks
        if ran.attempts and not isinstance(meant.task(name).action, ir.Dbt)
    }
