"""Parse DAG files as Airflow's DAG processor does, and print what each part cost.

    python parse_airflow.py ROUNDS FILE...

One process has Airflow imported and forks for each parse, like the DAG processor. The answer is
one JSON object a file: CPU seconds by part, a list of one number a round.

`check` is Airflow's look at the file's syntax tree, `new` the parse of a file nobody has
compiled, `first` a new process's parse of one with bytecode, `warm` the better of two more in
the same process, `serialize` what makes the row of the database, and `whole` what one visit of
the DAG processor costs: check, first and serialize.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import defaultdict
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

HOME = tempfile.mkdtemp(prefix="airflow-")
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
    "AIRFLOW__COSMOS__CACHE_DIR": f"{HOME}/cosmos",
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
    "DO_NOT_TRACK": "True",
}

from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402
from airflow.utils.dag_version_inflation_checker import check_dag_file_stability  # noqa: E402
from forks import forked, spent  # noqa: E402


def main() -> None:
    """Parse each file in turn, so many times, and print the costs."""
    rounds, files = int(sys.argv[1]), sys.argv[2:]
    costs: list[dict[str, Any]] = [defaultdict(list) for _ in files]
    for _ in range(rounds):
        for file, cost in zip(files, costs, strict=True):
            Path(cache_from_source(file)).unlink(missing_ok=True)
            cost["new"].append(forked(lambda file=file: spent(parse, file)[0]))
            for part, value in forked(lambda file=file: parts(file)).items():
                cost[part].append(value)
    print(json.dumps(costs))


def parts(file: str) -> dict[str, float]:
    """Return the cost of each part of what the DAG processor does with a file."""
    check, _ = spent(check_dag_file_stability, file)
    first, dag = spent(parse, file)
    warm = min(spent(parse, file)[0] for _ in range(2))
    serialize, _ = spent(DagSerialization.to_dict, dag)
    return {
        "check": check,
        "first": first,
        "warm": warm,
        "serialize": serialize,
        "whole": check + first + serialize,
        "tasks": len(dag.tasks),
    }


def parse(file: str) -> Any:
    """Return the one DAG of a file."""
    bag = DagBag(dag_folder=os.devnull, collect_dags=False)
    dags = bag.process_file(file, only_if_updated=False)
    if bag.import_errors:
        raise RuntimeError("\n".join(bag.import_errors.values()))
    (dag,) = dags
    return dag


if __name__ == "__main__":
    main()
