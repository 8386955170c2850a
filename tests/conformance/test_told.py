"""What a pipeline says of itself and its schedule is what each orchestrator knows of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lanes import LANES

HERE = Path(__file__).parent
PYTHONS = {lane.name: lane.python for lane in LANES}
PROJECT = """
version: 1
project: told
backends:
  airflow: {out: airflow}
  dagster: {out: dagster}
  prefect: {out: prefect}
  headless: {out: headless}
"""
PIPELINE = """
version: 1
pipeline: told
description: What is said of a pipeline
owner: data
tags: [nightly]
timeout: 2h
schedule: {cron: "30 2 * * mon-fri", timezone: Europe/Rome, start: 2026-03-02}
sources:
  fetch:
    kind: shell
    command: ["true"]
    description: What is said of a task
    owner: crm
    tags: [slow]
activations:
  send: {kind: shell, command: ["true"], depends_on: [fetch]}
"""
DUE, FIRST = "2026-02-27T01:30:00+00:00", "2026-03-02T01:30:00+00:00"
"""The Friday before the first day, and that: half past two in Rome."""


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a pipeline that is written for each back end."""
    return rendered(tmp_path_factory.mktemp("told"), PIPELINE)


def rendered(folder: Path, pipeline: str, *backend: str) -> Path:
    (folder / "pipelines").mkdir()
    (folder / "pipegen.yaml").write_text(PROJECT)
    (folder / "pipelines" / "told.yaml").write_text(pipeline)
    command = [sys.executable, "-m", "pipegen", "render", *backend]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def asked(lane: str, folder: Path, *arguments: object) -> Any:
    """Return what an orchestrator knows of files."""
    done = subprocess.run(
        [PYTHONS[lane], HERE / f"told_{lane}.py", *map(str, arguments)],
        cwd=folder,
        env={
            "PATH": f"{PYTHONS[lane].parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "DO_NOT_TRACK": "1",
            "DAGSTER_DISABLE_TELEMETRY": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.xdist_group("airflow")
def test_airflow_knows_it(told: Path) -> None:
    known = asked("airflow", told, told / "airflow" / "dags" / "pg_told.py")["told"]
    latest = datetime.fromisoformat(known.pop("first"))
    assert latest > datetime.now(UTC) - timedelta(days=4), (
        "nothing before the latest is made up for"
    )
    assert known == {
        "cron": "30 2 * * mon-fri",
        "timezone": "Europe/Rome",
        "runs": 1,
        "description": "What is said of a pipeline",
        "tags": ["nightly"],
        "tasks": {
            "fetch": {"owner": "crm", "doc_md": "What is said of a task\n\nTags: slow"},
            "send": {"owner": "data", "doc_md": None},
        },
    }


@pytest.mark.xdist_group("airflow")
@pytest.mark.parametrize(
    ("more", "first"),
    [
        ("start: 2026-03-02, catchup: true", FIRST),
        ("start: 2100-01-04", "2100-01-04T01:30:00+00:00"),
    ],
    ids=["catchup", "start"],
)
def test_airflow_begins_with_the_first_instant(tmp_path: Path, more: str, first: str) -> None:
    text = PIPELINE.replace("start: 2026-03-02", more)
    folder = rendered(tmp_path, text, "--backend", "airflow")
    known = asked("airflow", folder, folder / "airflow" / "dags" / "pg_told.py")
    assert known["told"]["first"] == first


@pytest.mark.xdist_group("dagster")
def test_dagster_knows_it(told: Path) -> None:
    file = told / "dagster" / "defs" / "pg_told.py"
    assert asked("dagster", told, file, "2026-02-27", "2026-03-02") == {
        "cron": "30 2 * * mon-fri",
        "timezone": "Europe/Rome",
        "runs": [0, 1],
        "description": "What is said of a pipeline",
        "owner": "data",
        "tags": {"nightly": ""},
        "longest": "7200",
        "tasks": {
            "fetch": {
                "description": "What is said of a task",
                "owners": ["team:crm"],
                "tags": {"slow": ""},
            },
            "send": {"description": None, "owners": ["team:data"], "tags": {}},
        },
    }


@pytest.mark.xdist_group("prefect")
def test_prefect_knows_it_and_cancels_what_is_scheduled_too_early(told: Path) -> None:
    files = (told / "prefect" / "flows" / "pg_told.py", told / "prefect" / "prefect.yaml")
    assert asked("prefect", told, *files, "2026-02-27", "2026-03-03") == {
        "cron": "30 2 * * mon-fri",
        "timezone": "Europe/Rome",
        "ends": {DUE: "Cancelled", FIRST: "Completed"},
        "description": "What is said of a pipeline",
        "tags": ["nightly", "owner:data"],
        "tasks": {
            "fetch": {"description": "What is said of a task", "tags": ["owner:crm", "slow"]},
            "send": {"description": None, "tags": []},
        },
    }


def test_the_script_and_its_line_for_cron_know_it(told: Path) -> None:
    script = told / "headless" / "run" / "pg_told.py"
    listed = subprocess.run(
        [PYTHONS["headless"], script, "--list"], capture_output=True, text=True, check=True
    )
    known = json.loads(listed.stdout)
    known["tasks"] = {task.pop("name"): task for task in known["tasks"]}
    assert {key: known[key] for key in ("description", "owner", "tags", "schedule", "start")} == {
        "description": "What is said of a pipeline",
        "owner": "data",
        "tags": ["nightly"],
        "schedule": "30 2 * * mon-fri",
        "start": "2026-03-02",
    }
    said = {"description": "What is said of a task", "owner": "crm", "tags": ["slow"]}
    assert known["tasks"]["fetch"].items() >= said.items()
    assert known["tasks"]["send"]["owner"] == "data"
    lines = script.with_name("crontab.txt").read_text()
    assert re.search(r"^CRON_TZ=Europe/Rome\n30 2 \* \* mon-fri ", lines, re.MULTILINE)
