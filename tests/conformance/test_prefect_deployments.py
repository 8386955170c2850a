"""What the deployments of a `prefect.yaml` make of a run that comes while another one runs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml
from lanes import LANES

from pipegen.compiler import compile_project
from pipegen.project import load

(LANE,) = (lane for lane in LANES if lane.name == "prefect")
SCRIPT = Path(__file__).with_name("live_prefect.py")
SETTINGS = """
version: 1
project: overlaps
backends: {prefect: {out: generated/prefect}}
"""
SCHEDULES = {
    "unsaid": {},
    "skips": {"overlap": "skip", "enabled": False},
    "queues": {"overlap": "queue"},
    "allows": {"overlap": "allow"},
}
WAITING = """
import os
import time
from pathlib import Path


def wait():
    deadline = time.monotonic() + 300
    while not Path(os.environ["GO"]).exists() and time.monotonic() < deadline:
        time.sleep(0.1)
"""


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    """Return the folder of a `prefect.yaml`, beside the module its flows call."""
    project = tmp_path / "project"
    (project / "pipelines").mkdir(parents=True)
    (project / "pipegen.yaml").write_text(SETTINGS)
    (project / "waiting.py").write_text(WAITING)
    for name, schedule in SCHEDULES.items():
        spec = {
            "version": 1,
            "pipeline": name,
            "schedule": {"cron": "0 0 29 2 *", **schedule},
            "sources": {"load": {"kind": "python", "callable": "waiting:wait"}},
        }
        (project / "pipelines" / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    opened = load(project)
    compilation = compile_project(opened, opened.targets())
    outputs = [o for item in compilation.pipelines for o in item.outputs] + [*compilation.shared]
    for output in outputs:
        for file in output.files:
            path = project / output.out / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
    return project / "generated" / "prefect"


@pytest.mark.lab
@pytest.mark.xdist_group("prefect")
def test_a_run_that_comes_while_another_runs_is_cancelled_or_queued_or_runs(
    flows: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    environment = {
        **os.environ,
        "PATH": f"{LANE.python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(flows.parents[1]),
        "GO": str(go),
        "TMPDIR": str(tmp_path),
    }

    done = subprocess.run(
        [LANE.python, SCRIPT, flows, go],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-6000:]
    skipped = {"meanwhile": "Cancelled", "ended": ["COMPLETED", "CANCELLED"]}
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "unsaid": {"active": [True], **skipped},
        "skips": {"active": [False], **skipped},
        "queues": {
            "active": [True],
            "meanwhile": "AwaitingConcurrencySlot",
            "ended": ["COMPLETED", "COMPLETED"],
        },
        "allows": {
            "active": [True],
            "meanwhile": "Running",
            "ended": ["COMPLETED", "COMPLETED"],
        },
    }
