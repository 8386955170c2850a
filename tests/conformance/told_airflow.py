"""Ask Airflow what it knows of the DAGs of some files, as its scheduler and its pages read them.

`told_airflow.py FILE...` prints, as its last line, what it knows by DAG, as JSON. `first` is the
instant of the first run that the scheduler would make now.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import TimeRestriction


def main(files: list[str]) -> None:
    """Load each file as the scheduler does."""
    told: dict[str, Any] = {}
    for file in files:
        bag = DagBag(dag_folder=os.devnull, collect_dags=False)
        [dag] = bag.process_file(file, only_if_updated=False)
        assert not bag.import_errors
        told[dag.dag_id] = of(DagSerialization.from_dict(DagSerialization.to_dict(dag)))
    print(json.dumps(told))


def of(dag: Any) -> dict[str, Any]:
    """Return what is known of a DAG."""
    written = dag.timetable.serialize()
    restriction = TimeRestriction(dag.start_date, None, dag.catchup)
    first = dag.timetable.next_dagrun_info(
        last_automated_data_interval=None, restriction=restriction
    )
    return {
        "cron": written["expression"],
        "timezone": written["timezone"],
        "first": first.run_after.isoformat(),
        "runs": dag.max_active_runs,
        "description": dag.description,
        "tags": sorted(dag.tags),
        "tasks": {task.task_id: {"owner": task.owner, "doc_md": task.doc_md} for task in dag.tasks},
    }


if __name__ == "__main__":
    main(sys.argv[1:])
