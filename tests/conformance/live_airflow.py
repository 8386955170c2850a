"""Let a live Airflow run DAGs as scheduled: scheduler, API server, and LocalExecutor's workers.

`live_airflow.py DAGS_FOLDER [POOLS_FILE]` waits until each DAG had a run, and prints, as its last
two lines, the end of each run, and the name, end, attempts and times of each task, as JSON. Tasks
have the environment of this script.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

WORKERS = 4
PATIENCE_SECONDS = 480.0
CLI = [sys.executable, "-m", "airflow"]
WAITING = """
    select count(*) from dag where dag_id not in (
        select dag_id from dag_run group by dag_id
        having sum(state in ('queued', 'running')) = 0
    )
"""
ATTEMPTED = """
    select dag_id || '.' || task_id, state, try_number, start_date, end_date from task_instance
"""


def main(dags: str, pools: str | None = None) -> None:
    """Run the DAGs of a folder, in the pools of a file."""
    imported = [["pools", "import", pools]] if pools else []
    with tempfile.TemporaryDirectory(prefix="airflow-") as folder:
        home = Path(folder)
        port = configure(home, dags)
        for command in (["db", "migrate"], *imported, ["dags", "reserialize"]):
            subprocess.run([*CLI, *command], stdout=sys.stderr, check=True)
        with running("api-server"):
            wait_for(port)  # without which no task can start, while its run takes its time
            with running("scheduler"):
                runs, tasks = ends(home / "airflow.db")
        print(json.dumps(dict(runs)), json.dumps(tasks), sep="\n")


def configure(home: Path, dags: str) -> int:
    """Set what every process of this Airflow reads, and return the port of its API."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    given = {
        "CORE__DAGS_FOLDER": dags,
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(WORKERS),
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "COSMOS__CACHE_DIR": str(home / "cosmos"),
    }
    os.environ.update({f"AIRFLOW__{name}": value for name, value in given.items()})
    os.environ["AIRFLOW_HOME"] = str(home)
    return port


@contextmanager
def running(part: str) -> Iterator[None]:
    """Run a part of Airflow until the end of a `with` block."""
    process = subprocess.Popen([*CLI, part], stdout=sys.stderr)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_for(port: int) -> None:
    """Wait until somebody listens on a port."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise TimeoutError(port)


def ends(database: Path) -> tuple[list[Any], list[Any]]:
    """Return what became of runs and tasks, once no DAG is without a run that ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        while connection.execute(WAITING).fetchone() != (0,):
            if time.monotonic() > deadline:
                raise TimeoutError(connection.execute(ATTEMPTED).fetchall())
            time.sleep(0.5)
        runs = connection.execute("select dag_id, state from dag_run").fetchall()
        return runs, connection.execute(ATTEMPTED).fetchall()


if __name__ == "__main__":
    sys.path.pop(0)  # this folder
    main(*sys.argv[1:])
