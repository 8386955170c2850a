"""What the files for Airflow hold beside tasks is what Airflow takes: waits, pools, limits."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import pytest
from lanes import LANES, ROOT

[AIRFLOW] = [lane for lane in LANES if lane.name == "airflow"]
FILES = ROOT / "tests" / "snapshot" / "cases" / "control_airflow" / "expected" / "airflow"
ASK = """
import json, os, sys
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

told = {}
for file in sys.argv[1:]:
    bag = DagBag(dag_folder=os.devnull, collect_dags=False)
    [dag] = bag.process_file(file, only_if_updated=False)
    assert not bag.import_errors
    kept = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    timeout = kept.dagrun_timeout
    told[dag.dag_id] = {
        "runs": kept.max_active_runs,
        "tasks": kept.max_active_tasks,
        "timeout": timeout.total_seconds() if timeout else None,
        "paused": kept.is_paused_upon_creation,
        "pools": {task.task_id: task.pool for task in kept.tasks if task.pool != "default_pool"},
        "waits": {
            task.task_id: [
                task.retry_policy.evaluate(Exception(), n, task.retries).retry_delay.total_seconds()
                for n in range(1, task.retries + 1)
            ]
            for task in dag.tasks
            if task.retry_policy
        },
    }
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of an Airflow of its own."""
    home = tmp_path_factory.mktemp("airflow")
    return {
        "PATH": f"{AIRFLOW.python.parent}{os.pathsep}{os.defpath}",
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__COSMOS__CACHE_DIR": str(home / "cosmos"),
        "DO_NOT_TRACK": "1",
    }


def asked(command: list[str], environment: dict[str, str]) -> str:
    """Return what a command of the Airflow environment prints."""
    done = subprocess.run(
        [AIRFLOW.python, *command],
        env=environment,
        cwd=environment["HOME"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dags(airflow: dict[str, str]) -> dict[str, Any]:
    files = [str(path) for path in sorted((FILES / "dags").glob("pg_*.py"))]
    told: dict[str, Any] = json.loads(asked(["-c", ASK, *files], airflow).splitlines()[-1])
    return told


def test_each_try_waits_as_long_as_it_should(dags: dict[str, Any]) -> None:
    assert dags["limited"]["waits"] == {"fetch": [30.0, 60.0, 120.0, 180.0]}


def test_runs_and_their_tasks_are_limited(dags: dict[str, Any]) -> None:
    limited = dags["limited"]
    assert (limited["runs"], limited["tasks"], limited["timeout"]) == (1, 3, 7200.0)
    assert (dags["queued"]["runs"], dags["checked"]["runs"]) == (1, 16)


def test_a_schedule_is_switched_off_only_where_it_says_so(dags: dict[str, Any]) -> None:
    assert {name: dag["paused"] for name, dag in dags.items()} == {
        name: name == "limited" for name in dags
    }


def test_airflow_has_the_pools_its_tasks_use(dags: dict[str, Any], airflow: dict[str, str]) -> None:
    asked(["-m", "airflow", "db", "migrate"], airflow)
    asked(["-m", "airflow", "pools", "import", str(FILES / "pools.json")], airflow)

    listed = json.loads(asked(["-m", "airflow", "pools", "list", "--output", "json"], airflow))

    slots = {pool["pool"]: int(pool["slots"]) for pool in listed}
    assert {"shop_api": 2, "warehouse": 4}.items() <= slots.items()
    used = {pool for dag in dags.values() for pool in dag["pools"].values()}
    assert used == slots.keys() - {"default_pool"}
