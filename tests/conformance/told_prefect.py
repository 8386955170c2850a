"""Ask Prefect what it knows of a flow and its deployment, and run the flow as it schedules it.

`told_prefect.py FILE DEPLOYMENTS FROM TO` prints, as its last line, what it knows as JSON. `ends`
has the runs that the schedule makes between two days: when each is due, and how it ends.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import yaml
from prefect import Flow, Task
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import DeploymentScheduleCreate
from prefect.client.schemas.schedules import CronSchedule
from prefect.flow_engine import run_flow
from prefect.testing.utilities import prefect_test_harness


def main(file: str, deployments: str, start: str, end: str) -> None:
    """Load the file and look."""
    module = load(file)
    [flow] = [each for each in vars(module).values() if isinstance(each, Flow)]
    tasks = [each for each in vars(module).values() if isinstance(each, Task)]
    [deployment] = yaml.safe_load(Path(deployments).read_text())["deployments"]
    [schedule] = deployment["schedules"]
    with (
        prefect_test_harness(server_startup_timeout=120),
        get_client(sync_client=True) as client,
    ):
        kept = CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        made = client.create_deployment(
            client.create_flow(flow),
            deployment["name"],
            schedules=[DeploymentScheduleCreate(schedule=kept, active=schedule["active"])],
        )
        window = {"start_time": f"{start}T00:00Z", "end_time": f"{end}T00:00Z"}
        client._client.post(f"/deployments/{made}/schedule", json=window).raise_for_status()
        runs = client.read_flow_runs()
        ends = {
            run.expected_start_time.isoformat(): run_flow(flow, run, return_type="state").name
            for run in runs
        }
    told = {
        "cron": kept.cron,
        "timezone": kept.timezone,
        "ends": dict(sorted(ends.items())),
        "description": flow.description,
        "tags": deployment["tags"],
        "tasks": {
            each.name: {"description": each.description, "tags": sorted(each.tags)}
            for each in tasks
        },
    }
    print(json.dumps(told))


def load(file: str) -> ModuleType:
    """Import a generated file."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(*sys.argv[1:])
