"""Let a live Airflow make up for what came due before, and start runs while others run.

`schedules_airflow.py DAGS_FOLDER DOOR WANTED BY_HAND` waits until the task of each DAG that is
wanted is at the door, starts a run of some DAGs by hand, and lets two more minutes come due. Then
it opens the door, waits until as many runs of each DAG ended as are wanted, and prints all runs,
first things first, as its last line, as JSON: DAG, kind, time of the instant, state before the door
opened, and end.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from doors import visits
from live_airflow import CLI, serving
from servers import running, wait_for

RUNS = "select run_id, dag_id, run_type, run_after, state from dag_run order by run_after"
DUE = """
    select next_dagrun_create_after, max(run_after) from dag join dag_run using (dag_id)
    where dag_id = ? and run_type = 'scheduled'
"""
EACH_MINUTE = ("skips", "queues")


def main(dags: str, door: Path, wanted: Mapping[str, int], by_hand: Iterable[str]) -> None:
    """Run, wait and tell."""
    os.environ["AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL"] = "10"
    with serving(dags, workers=8) as database:
        log = Path(os.environ["AIRFLOW_HOME"], "dag-processor.log")
        with running(log, *CLI, "dag-processor"):  # it tells the scheduler what is due
            wait_for(lambda: wanted.keys() <= visits(door).keys(), "a task of each DAG")
            for dag in by_hand:
                subprocess.run([*CLI, "dags", "trigger", dag], stdout=sys.stderr, check=True)
            wait_for(lambda: len(visits(door)["allows"]) > 1, "a run beside another")
            wait_for(lambda: all(late(database, dag) for dag in EACH_MINUTE), "two more minutes")
            before = {run: state for run, *_, state in database.execute(RUNS).fetchall()}
            (door / "open").touch()
            wait_for(lambda: enough(database, wanted), "the ends of runs")
            rows = database.execute(RUNS).fetchall()
    print(json.dumps([[*what, before.get(run), state] for run, *what, state in rows]))


def late(database: sqlite3.Connection, dag: str) -> bool:
    """Return whether two more runs came due since the last one that a schedule started."""
    due, last = map(datetime.fromisoformat, database.execute(DUE, [dag]).fetchone())
    return due - last >= timedelta(minutes=2)


def enough(database: sqlite3.Connection, wanted: Mapping[str, int]) -> bool:
    """Return whether as many runs of each DAG ended as are wanted."""
    ended = Counter(dag for _, dag, *_, state in database.execute(RUNS).fetchall() if state in ENDS)
    return all(ended[dag] >= number for dag, number in wanted.items())


ENDS = {"success", "failed"}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4]))
