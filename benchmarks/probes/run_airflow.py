"""Run the one DAG of a file with `dag.test`, in this process.

    python run_airflow.py FILE [own]

With `own`, each attempt of a task has a process of its own, as Airflow's executors have it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HOME = tempfile.mkdtemp(prefix="airflow-")
FILE = Path(sys.argv[1])
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(FILE.parent),
    "AIRFLOW__COSMOS__CACHE_DIR": f"{HOME}/cosmos",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
}

import airflow.sdk.definitions.dag as dag_module  # noqa: E402
from airflow import settings  # noqa: E402
from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.sdk.execution_time.supervisor import in_process_api_server  # noqa: E402
from airflow.utils.db import initdb  # noqa: E402
from forks import forked  # noqa: E402


def main() -> None:
    """Run it; fail if it does."""
    initdb()
    if sys.argv[2:] == ["own"]:
        run_task = dag_module._run_task
        in_process_api_server().app._cadwyn_initialize()  # once, not in each process

        def attempt(**given: Any) -> None:
            def work() -> bool:
                settings.engine.dispose(close=False)
                return bool(run_task(**given))

            forked(work)

        dag_module._run_task = attempt
    bag = DagBag(dag_folder=os.devnull, collect_dags=False)
    (dag,) = bag.process_file(str(FILE), only_if_updated=False)
    run = dag.test()
    assert str(run.state) == "success", run.state


if __name__ == "__main__":
    main()
