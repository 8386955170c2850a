"""What governs a run on Prefect governs the tasks that run dbt, whichever way they are written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from lanes import LANES, Recorder
from traces import assert_same, meaning_of, trace_of

from pipegen.semantics import State

(LANE,) = (lane for lane in LANES if lane.name == "prefect")
OUT = Path("generated", LANE.name)
NAME = "mini_model"
MINI = Path(__file__).parent / "projects" / NAME
GATE = "import os\n\n\ndef is_open() -> bool:\n    return os.environ['GATE'] == 'yes'\n"


@pytest.fixture
def gated(tmp_path: Path, mini_dbt: Path) -> Path:
    """Return a project in which a check holds a part of dbt back, and some of that runs.

    The transform `staging` has variables that are known when it runs, `marts` is one task.
    """
    folder = tmp_path / "project"
    ignored = shutil.ignore_patterns("dbt", "expected", "pipegen.lock", "__pycache__")
    shutil.copytree(MINI, folder, ignore=ignored)
    shutil.copytree(mini_dbt, folder / "dbt")
    settings = yaml.safe_load((folder / "pipegen.yaml").read_text())
    settings["backends"] = {LANE.name: {"out": str(OUT)}}
    (folder / "pipegen.yaml").write_text(yaml.safe_dump(settings))
    (folder / "gate.py").write_text(GATE)
    file = folder / "pipelines" / f"{NAME}.yaml"
    spec = yaml.safe_load(file.read_text())
    spec["checks"] = {"gate": {"kind": "python", "callable": "gate:is_open", "if_false": "skip"}}
    spec["sources"]["load_orders"]["depends_on"] = ["gate"]
    spec["transforms"]["staging"]["vars"] = {"day": "{{ run.date }}"}
    spec["transforms"]["marts"] |= {"granularity": "step", "run_if": "one_success"}
    file.write_text(yaml.safe_dump(spec))
    subprocess.run([sys.executable, "-m", "pipegen", "render"], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    "recorder",
    [pytest.param(LANE, id=LANE.name, marks=pytest.mark.xdist_group(LANE.name))],
    indirect=True,
)
def test_dbt_is_held_back_below_a_check_that_says_no(
    recorder: Recorder, gated: Path, tmp_path: Path
) -> None:
    meaning = meaning_of(gated, NAME)
    environment = {"MINI_DB": tmp_path / "mini.duckdb", "MINI_LOG": tmp_path / "log"}
    green, held = trace_of(meaning, {}), trace_of(meaning, {"gate": ["no"]})
    skipped = {name for name, ran in held.tasks if ran.state is State.SKIPPED}
    assert {"gate", "load_orders", "load_orders_freshness", "staging.stg_orders"} <= skipped
    assert dict(held.tasks)["marts"].state is State.SUCCESS

    for answer, expected in {"yes": green, "no": held}.items():
        seen = recorder.run(gated, OUT, NAME, {**environment, "GATE": answer})

        assert_same(seen, expected, meaning, LANE.native)
