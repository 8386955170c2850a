"""Materialize all assets as Dagster's page does, not by a pipeline's job: a process a step.

`live_dagster.py DEFINITIONS.py` prints, as its last line, the name, end, attempts and times of
each step, as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository

WORKERS = 4


def main(definitions: str) -> None:
    """Run the job that Dagster has for all assets, with the executor it gives it."""
    code = ReconstructableRepository.for_file(definitions, "defs")
    job = code.get_reconstructable_job("__ASSET_JOB")
    workers = {"execution": {"config": {"multiprocess": {"max_concurrent": WORKERS}}}}
    with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        with dg.execute_job(job, instance, run_config=workers) as ran:
            steps = instance.get_run_step_stats(ran.run_id)
        print()  # what dbt wrote may not end its line
        print(
            json.dumps(
                [
                    [
                        step.step_key,
                        step.status.value.lower() if step.status else None,
                        step.attempts,
                        step.start_time,
                        step.end_time,
                    ]
                    for step in steps
                ]
            )
        )


if __name__ == "__main__":
    main(sys.argv[1])
