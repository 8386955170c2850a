"""Ask Dagster what it knows of the job, the schedule and the assets of a file.

`told_dagster.py FILE DAY...` prints, as its last line, what it knows as JSON. `runs` is how many
runs the schedule asks for at noon of each day.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.storage.tags import MAX_RUNTIME_SECONDS_TAG
from ticks_dagster import load


def main(file: str, *days: str) -> None:
    """Load the file and look."""
    module = load(file)
    repository = module.defs.get_repository_def()
    job = module.defs.resolve_job_def(module.job.name)
    schedule = module.schedule
    zone = ZoneInfo(schedule.execution_timezone)
    runs = []
    with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        for day in days:
            due = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=zone)
            context = dg.build_schedule_context(instance, due, repository_def=repository)
            runs.append(len(schedule.evaluate_tick(context).run_requests))
    told: dict[str, Any] = {
        "cron": schedule.cron_schedule,
        "timezone": schedule.execution_timezone,
        "runs": runs,
        "description": job.description,
        "owner": job.metadata["owner"].value,
        "tags": {key: value for key, value in job.tags.items() if not key.startswith("dagster/")},
        "longest": job.tags[MAX_RUNTIME_SECONDS_TAG],
        "tasks": {
            spec.key.path[-1]: {
                "description": spec.description,
                "owners": list(spec.owners),
                "tags": {k: v for k, v in spec.tags.items() if not k.startswith("dagster/")},
            }
            for asset in module.ASSETS
            for spec in asset.specs
        },
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
