"""Let a live Airflow run DAGs as scheduled: scheduler, API server, and LocalExecutor's workers.

`live_airflow.py DAGS_FOLDER [POOLS_FILE]` waits until each DAG had a run, and prints, as its last
two lines, the end of each run, and the name, end, attempts and times of each task, as JSON. Tasks
have the environment of this script.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from servers import free_port, listens, running, wait_for

WORKERS = 4
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
    with serving(dags, pools) as database:
        wait_for(lambda: database.execute(WAITING).fetchone() == (0,), "the ends of all runs")
        runs = dict(database.execute("select dag_id, state from dag_run").fetchall())
        tasks = database.execute(ATTEMPTED).fetchall()
    print(json.dumps(runs), json.dumps(tasks), sep="\n")


@contextmanager
def serving(
    dags: str, pools: str | None = None, workers: int = WORKERS
) -> Iterator[sqlite3.Connection]:
    """Run the DAGs of a folder until the end of a `with` block, which may look at the database."""
    imported = [["pools", "import", pools]] if pools else []
    with tempfile.TemporaryDirectory(prefix="airflow-", ignore_cleanup_errors=True) as folder:
        home, port = Path(folder), free_port()
        configure(home, dags, port, workers)
        for command in (["db", "migrate"], *imported, ["dags", "reserialize"]):
            subprocess.run([*CLI, *command], stdout=sys.stderr, check=True)
        with running(home / "api-server.log", *CLI, "api-server"):
            # without which no task can start, while its run takes its time
            wait_for(lambda: listens(port), "the API server")
            database = f"{(home / 'airflow.db').as_uri()}?mode=ro"
            with (
                running(home / "scheduler.log", *CLI, "scheduler", "--skip-serve-logs"),
                closing(sqlite3.connect(database, uri=True)) as connection,
            ):
                yield connection


def configure(home: Path, dags: str, port: int, workers: int) -> None:
    """Set what every process of this Airflow reads."""
    given = {
        "CORE__DAGS_FOLDER": dags,
        "CORE__LOAD_EXAMPLES": "False",
        "CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "CORE__EXECUTOR": "LocalExecutor",
        "CORE__PARALLELISM": str(workers),
        "CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "API__HOST": "127.0.0.1",
        "API__PORT": str(port),
        "API__WORKERS": "1",
        "API_AUTH__JWT_SECRET": secrets.token_hex(32),
        "WORKERS__EXECUTION_API_TIMEOUT": "120",
        "COSMOS__CACHE_DIR": str(home / "cosmos"),
    }
    os.environ.update({f"AIRFLOW__{name}": value for name, value in given.items()})
    os.environ["AIRFLOW_HOME"] = str(home)


if __name__ == "__main__":
    main(*sys.argv[1:])
