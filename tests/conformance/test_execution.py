"""Where dbt runs on Airflow: in a virtual environment for real, and what containers are asked."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lanes import LANES, ROOT, Recorder
from traces import meaning_of, trace_of

from pipegen import ir

HERE = Path(__file__).parent
CASES = ROOT / "tests" / "snapshot" / "cases"
STEP = HERE / "projects" / "mini_step"
(AIRFLOW,) = (lane for lane in LANES if lane.name == "airflow")
TOOLS = ROOT / ".venv" / "tools" / "bin"
"""Where uv is, with which Airflow makes virtual environments if there is one."""

TARGET = """\
  airflow:
    out: expected/airflow
    execution: {{kind: virtualenv, requirements: ["{core}", "{adapter}"]}}
    profiles:
      mini: {{kind: duckdb, connection: mini_warehouse, args: {{schema: main, threads: 1}}}}
"""
FOLDERS = ["--project-dir", "/app/dbt", "--profiles-dir", "/app/dbt", "--target"]
STRICT = ["--warn-error-options", '{"error": ["NoNodesForSelectionCriteria"]}']

pytestmark = pytest.mark.xdist_group("airflow")


def pinned(package: str) -> str:
    """Return the version of a package that the lane has, as pip is told it."""
    lines = (ROOT / "requirements" / "airflow.txt").read_text().splitlines()
    (found,) = (line for line in lines if line.startswith(f"{package}=="))
    return found


@pytest.fixture
def project(tmp_path: Path, mini_dbt: Path) -> Path:
    """Return a project whose dbt runs in a virtual environment, rendered."""
    copy = tmp_path / "mini_step"
    shutil.copytree(STEP, copy, ignore=shutil.ignore_patterns("dbt", "expected", "__pycache__"))
    shutil.copytree(mini_dbt, copy / "dbt")
    (copy / "dbt" / "profiles.yml").rename(tmp_path / "profiles.yml")  # nothing may need it
    file = copy / "pipegen.yaml"
    before = file.read_text()
    given = TARGET.format(core=pinned("dbt-core"), adapter=pinned("dbt-duckdb"))
    lines = [given.rstrip() if "airflow:" in line else line for line in before.splitlines()]
    file.write_text("\n".join(lines).replace("profiles_dir: dbt, ", ""))
    pipegen = Path(sys.executable).with_name("pipegen")
    subprocess.run([pipegen, "render", "--backend", "airflow"], cwd=copy, check=True)
    return copy


@pytest.mark.lab
def test_dbt_runs_in_a_virtual_environment_with_a_connection_of_airflow(
    project: Path, tmp_path: Path
) -> None:
    database = tmp_path / "mini.duckdb"
    connection = {"conn_type": "duckdb", "host": str(database)}
    environment = {
        "MINI_DB": database,
        "MINI_LOG": tmp_path / "log",
        "AIRFLOW_CONN_MINI_WAREHOUSE": json.dumps(connection),
        "PATH": f"{AIRFLOW.python.parent}:{TOOLS}:{os.environ['PATH']}",
    }
    meant = meaning_of(project, "mini_step")
    expected = trace_of(meant, {})
    recorder = Recorder(AIRFLOW, tmp_path)
    try:
        seen = recorder.run(project, Path("expected/airflow"), "mini_step", environment)
    finally:
        recorder.stop()

    assert {name: task["state"] for name, task in seen["tasks"].items()} == {
        name: ran.state.value for name, ran in expected.tasks
    }
    assert seen["dbt"] == [], "none in Airflow's own process"
    with duckdb.connect(str(database), read_only=True) as opened:
        names = {
            name for (name,) in opened.sql("select table_name from duckdb_tables()").fetchall()
        }
        views = {name for (name,) in opened.sql("select view_name from duckdb_views()").fetchall()}
    dbt = [task.action for task in meant.tasks if isinstance(task.action, ir.Dbt)]
    assert {node.name for action in dbt for node in action.nodes} <= names | views


def asked(kind: str, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """Return what each task of a case asks its engine of containers for."""
    fetch = tmp_path / "bin" / "fetch"
    fetch.parent.mkdir()
    fetch.write_text("#!/bin/sh\n")
    fetch.chmod(fetch.stat().st_mode | stat.S_IXUSR)
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run(
        [
            AIRFLOW.python,
            HERE / "containers.py",
            CASES / f"airflow_{kind}" / "expected" / "airflow" / "dags" / "pg_daily.py",
        ],
        env={
            "PATH": f"{fetch.parent}:{AIRFLOW.python.parent}:{os.environ['PATH']}",
            "HOME": str(home),
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
            "DO_NOT_TRACK": "1",
            "DBT_TAG": "7",
            "MINI_DB": "mini.duckdb",
            "MINI_HOST": "here",
            "OF_THE_WORKER": "and of nobody else",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    *tasks, state = [json.loads(line) for line in done.stdout.splitlines()]
    assert state == {"state": "success"}, done.stderr[-3000:]
    return {task.pop("task"): task for task in tasks}


def own(env: dict[str, str]) -> dict[str, str]:
    """Return the variables that Airflow does not add to each task's."""
    return {name: value for name, value in env.items() if not name.startswith("AIRFLOW_CTX_")}


def test_a_container_is_asked_for_what_the_pipeline_says(tmp_path: Path) -> None:
    tasks = asked("docker", tmp_path)
    assert {(task["image"], task["network"]) for task in tasks.values()} == {
        ("registry.example/dbt:1", "warehouse")
    }
    commands = {name: task["command"] for name, task in tasks.items()}
    assert commands["rates"] == [
        *("dbt", "seed", "--indirect-selection", "eager", "--select", "rates", "--full-refresh"),
        *(*FOLDERS, "dev"),
    ]
    assert commands["staging.stg_orders"] == [
        *("dbt", "build", "--indirect-selection", "cautious", "--select", "stg_orders"),
        *(*FOLDERS, "dev", *STRICT),
    ]
    assert commands["deferred.customer_report"][-7:] == [
        *("--target", "other", *STRICT, "--defer", "--state", "/app/state")
    ]
    assert commands["fetch_freshness"] == [
        *("dbt", "source", "freshness", "--select", "source:raw.orders"),
        *(*FOLDERS, "dev", *STRICT),
    ]
    assert commands["noted"][:3] == ["dbt", "run-operation", "note"]
    assert commands["seen"][-2:] == ["--threads", "2"]
    assert {"seen", "rates"} == {
        name for name in commands if not set(STRICT) & {*commands[name]}
    } - {"noted"}
    assert own(tasks["rates"]["env"]) == {"MINI_DB": "mini.duckdb"}
    assert own(tasks["seen"]["env"]) == {
        "MINI_DB": "mini.duckdb",
        "MINI_REGION": "eu",
        "MINI_STAGE": "stage here",
    }


def test_a_pod_is_asked_for_what_the_pipeline_says(tmp_path: Path) -> None:
    tasks = asked("kubernetes", tmp_path)
    for task in tasks.values():
        assert task["image"] == "registry.example/dbt:7"
        assert (task["namespace"], task["account"]) == ("data", "dbt")
        assert task["secrets"] == ["mini-warehouse"]
        assert task["command"].count("dbt") == 1
        assert task["command"][-2:] == ["--project-dir", "/app/dbt"]
    assert tasks["staging.stg_orders"]["command"] == [
        *("dbt", "build", "--indirect-selection", "cautious", "--select", "stg_orders"),
        *("--profiles-dir", "/app/dbt", "--target", "dev", *STRICT, "--project-dir", "/app/dbt"),
    ]
    variables = own(tasks["seen"]["env"])
    assert variables.items() >= {"MINI_REGION": "eu", "MINI_STAGE": "stage here"}.items()
    assert "OF_THE_WORKER" not in variables
