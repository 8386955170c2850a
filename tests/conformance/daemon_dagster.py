"""Let a live Dagster run what comes due: its daemon, a code server, and a process for each run.

`daemon_dagster.py FOLDER DOOR` deploys the definitions of a folder on an instance that has what
the comments of its files ask for, as if the daemon came back after three minutes (three years, for
a schedule of once a year). It waits until those of each minute came due again, opens the door at
which tasks wait, and prints, as its last line, what came before that by job as JSON: the ticks,
each with the time, the end, and how many runs it asked for; and the runs, each with its state
before the door opened, its end, and the ends of its steps.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    TickStatus,
)
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.load_target import WorkspaceFileTarget
from doors import visits
from servers import running, wait_for

COMMAND = re.compile(r"^# .*: (dagster instance concurrency set .*)$", re.MULTILINE)
SETTING = re.compile(r"^# .* needs in dagster\.yaml: (.*)$", re.MULTILINE)
LIMITS = re.compile(r"^# (tag_concurrency_limits: .*)$", re.MULTILINE)
EACH_MINUTE = "* * * * *"
AWAY = {EACH_MINUTE: timedelta(minutes=3)}
AT_THE_DOOR = {"allows", "late", "missed", "queues", "skips", "unsaid"}
LONG_AWAY = timedelta(days=3 * 365)


def main(folder: Path, door: Path, home: Path) -> None:
    """Deploy, wait and tell."""
    os.environ["DAGSTER_HOME"] = str(home)
    asked = "".join(file.read_text() for file in sorted(folder.glob("defs/*.py")))
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings(asked)))
    workspace = home / "workspace.yaml"
    code = {"python_file": {"relative_path": str(folder / "definitions.py")}}
    workspace.write_text(yaml.safe_dump({"load_from": [code]}))
    for command in set(COMMAND.findall(asked)):
        subprocess.run(command.split(), check=True, stdout=sys.stderr)
    daemon = ("dagster-daemon", "run", "--workspace", str(workspace))
    with dg.DagsterInstance.get() as instance:
        was_away(instance, workspace)
        with running(home / "daemon.log", *daemon):
            wait_for(lambda: came_due_again(instance, door), "ticks of each minute")
            before, ticked = states(instance), all_ticks(instance)
            for schedule in schedules(instance):
                instance.update_instigator_state(schedule.with_status(InstigatorStatus.STOPPED))
            (door / "open").touch()
            wait_for(lambda: all(run.is_finished for run in instance.get_runs()), "ends of runs")
        print(json.dumps(seen(instance, before, ticked)))


def settings(asked: str) -> dict[str, Any]:
    """Return what the files ask for, and to be quick about it."""
    limits = [limit for text in LIMITS.findall(asked) for [limit] in yaml.safe_load(text).values()]
    found: dict[str, Any] = {}
    for text in SETTING.findall(asked):
        found |= yaml.safe_load(text)
    found["run_monitoring"]["poll_interval_seconds"] = 1
    found["run_queue"] = {"dequeue_interval_seconds": 1}
    runs = {"max_concurrent_runs": 20, "tag_concurrency_limits": limits}
    return {**found, "concurrency": {"runs": runs}, "telemetry": {"enabled": False}}


def was_away(instance: dg.DagsterInstance, workspace: Path) -> None:
    """Store what a daemon leaves behind that stopped some time ago."""
    target = WorkspaceFileTarget(paths=[str(workspace)])
    with create_test_daemon_workspace_context(target, instance) as context:
        [location] = context.create_request_context().code_locations
        [repository] = location.get_repositories().values()
        for schedule in repository.get_schedules():
            if schedule.default_status is dg.DefaultScheduleStatus.RUNNING:
                away = AWAY.get(str(schedule.cron_schedule), LONG_AWAY)
                last = ScheduleInstigatorData(
                    schedule.cron_schedule, time.time() - away.total_seconds()
                )
                origin, status = schedule.get_remote_origin(), InstigatorStatus.DECLARED_IN_CODE
                instance.add_instigator_state(
                    InstigatorState(origin, InstigatorType.SCHEDULE, status, last)
                )


def came_due_again(instance: dg.DagsterInstance, door: Path) -> bool:
    """Return whether nothing changes any more unless the door opens."""
    each_minute = [schedule for schedule in schedules(instance) if cron(schedule) == EACH_MINUTE]
    again = all(len(ticks(instance, schedule)) > 1 for schedule in each_minute)
    limited = [run for run in instance.get_runs() if "dagster/max_runtime" in run.tags]
    seen = visits(door)
    return (
        again
        and all(run.is_finished for run in limited)
        and seen.keys() >= AT_THE_DOOR
        and len(seen["allows"]) > 1
    )


def schedules(instance: dg.DagsterInstance) -> list[InstigatorState]:
    """Return the schedules that ever were on."""
    return list(instance.all_instigator_state(instigator_type=InstigatorType.SCHEDULE))


def cron(schedule: InstigatorState) -> str:
    """Return the cron expression of a schedule."""
    data = schedule.instigator_data
    return str(data.cron_schedule) if isinstance(data, ScheduleInstigatorData) else ""


def ticks(instance: dg.DagsterInstance, schedule: InstigatorState) -> list[list[Any]]:
    """Return the instants of a schedule: when, how it ended, and how many runs it asked for."""
    found = instance.get_ticks(schedule.instigator_origin_id, schedule.selector_id)
    ended = [tick for tick in found if tick.status is not TickStatus.STARTED]
    return [[tick.timestamp, tick.status.value, len(tick.run_ids)] for tick in reversed(ended)]


def all_ticks(instance: dg.DagsterInstance) -> dict[str, list[list[Any]]]:
    """Return the ticks of each job's schedule."""
    found = schedules(instance)
    return {s.instigator_name.removesuffix("_schedule"): ticks(instance, s) for s in found}


def states(instance: dg.DagsterInstance) -> dict[str, str]:
    """Return the state of each run."""
    return {run.run_id: run.status.value for run in instance.get_runs()}


def seen(
    instance: dg.DagsterInstance,
    before: Mapping[str, str],
    ticked: Mapping[str, list[list[Any]]],
) -> dict[str, Any]:
    """Return what became of the jobs, until the door opened, and of their runs in the end."""
    found: dict[str, Any] = {job: {"ticks": ticks, "runs": []} for job, ticks in ticked.items()}
    for run in reversed(instance.get_runs()):
        if run.run_id in before:
            steps = {
                step.step_key: step.status.value if step.status else None
                for step in instance.get_run_step_stats(run.run_id)
            }
            told = [before[run.run_id], run.status.value, steps]
            found[run.job_name]["runs"].append(told)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="dagster-", ignore_cleanup_errors=True) as made:
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(made))
