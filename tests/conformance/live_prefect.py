"""Let a live Prefect run deployments: a server, and a worker that starts a process for each run.

`live_prefect.py FOLDER DOOR` deploys the flows of a folder. Three runs of those called `missed…`
are late by one to three minutes when the worker starts; runs of others are started while one runs.
Once nothing changes any more it opens the door at which tasks wait, and prints, as its last line,
by deployment as JSON: which schedules are active, and the states of its runs, first things first,
before the door opened and in the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from doors import visits
from servers import free_port, running, wait_for

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun

ONCE = ("late",)
TWICE = ("unsaid", "skips", "queues", "allows")
IN_TURN = ("one", "other")
MISSED = ("missed", "missed_queues", "missed_allows")
MISSED_MINUTES = (3, 2, 1)
SETTLED = {"each_minute": {"Running", "Cancelled"}, "later": {"Cancelled"}, "late": {"TimedOut"}}
WAITING = {"Scheduled", "Late", "Pending", "Submitting", "InfrastructurePending"}


def main(folder: Path, door: Path, home: Path) -> None:
    """Deploy, run and tell."""
    port = free_port()
    os.environ.update(
        DO_NOT_TRACK="1",
        PREFECT_HOME=str(home),
        PREFECT_API_URL=f"http://127.0.0.1:{port}/api",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS="1",
        PREFECT_WORKER_QUERY_SECONDS="1",
    )
    from prefect.client.orchestration import get_client  # reads its settings once

    with ExitStack() as stack:
        server = ("prefect", "server", "start", "--no-ui", "--host", "127.0.0.1")
        stack.enter_context(running(home / "server.log", *server, "--port", str(port)))
        client = stack.enter_context(get_client(sync_client=True))
        wait_for(lambda: client.api_healthcheck() is None, "the server")
        for command in (
            ["work-pool", "create", "default", "--type", "process"],
            ["--no-prompt", "deploy", "--all"],
        ):
            subprocess.run(["prefect", *command], cwd=folder, check=True)
        deployed = Deployed(client)
        for minutes in MISSED_MINUTES:
            deployed.start(*MISSED, minutes_ago=minutes)
        stack.callback((door / "open").touch)
        worker = ("prefect", "worker", "start", "--pool", "default")
        stack.enter_context(running(home / "worker.log", *worker, cwd=folder))
        deployed.begun(*MISSED)
        before = disturbed(deployed, door)
        (door / "open").touch()
        ends = {name: deployed.ends(name, len(states)) for name, states in before.items()}
    told = {
        name: {
            "active": [schedule.active for schedule in deployment.schedules],
            "runs": list(zip(before[name], ends[name], strict=True)),
        }
        for name, deployment in deployed.found.items()
    }
    print(json.dumps(told))


def disturbed(deployed: Deployed, door: Path) -> dict[str, list[str]]:
    """Start runs while others are at the door, and return all states once nothing changes."""
    first, second = IN_TURN
    deployed.start(*ONCE, *TWICE, first)
    wait_for(lambda: {*ONCE, *TWICE, first} <= visits(door).keys(), "tasks of the first runs")
    deployed.start(second)
    deployed.begun(second)
    deployed.start(*TWICE)
    deployed.begun(*TWICE)
    wait_for(lambda: len(visits(door)["allows"]) > 1, "a run beside another")

    def settled() -> dict[str, list[str]] | None:
        states = {name: deployed.states(name) for name in deployed.found}
        return (
            states if all({*states[name]} == wanted for name, wanted in SETTLED.items()) else None
        )

    found: dict[str, list[str]] = wait_for(settled, SETTLED)
    return found


class Deployed:
    """The deployments of a server, and their runs that came due."""

    def __init__(self, client: SyncPrefectClient) -> None:
        self.client = client
        self.found = {found.name: found for found in client.read_deployments()}

    def start(self, *names: str, minutes_ago: int = 0) -> None:
        """Let a run of each come due."""
        from prefect.states import Scheduled

        for name in names:
            due = Scheduled(scheduled_time=datetime.now(UTC) - timedelta(minutes=minutes_ago))
            self.client.create_flow_run_from_deployment(self.found[name].id, state=due)

    def states(self, name: str) -> list[str]:
        """Return the states of what came due, first things first."""
        return [str(run.state_name) for run in self._runs(name)]

    def begun(self, *names: str) -> None:
        """Wait until the server decided what becomes of each run."""
        for name in names:
            wait_for(lambda name=name: WAITING.isdisjoint(self.states(name)), name)

    def ends(self, name: str, number: int) -> list[str]:
        """Return the states in which the first runs end."""
        first = [run.id for run in self._runs(name)][:number]
        for run in first:
            wait_for(lambda run=run: self.client.read_flow_run(run).state.is_final(), name)
        return self.states(name)[:number]

    def _runs(self, name: str) -> list[FlowRun]:
        from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId

        its = DeploymentFilter(id=DeploymentFilterId(any_=[self.found[name].id]))
        found = self.client.read_flow_runs(deployment_filter=its)
        due = [(run.expected_start_time, run) for run in found if run.expected_start_time]
        now = datetime.now(UTC)
        return [run for at, run in sorted(due, key=lambda each: each[0]) if at <= now]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="prefect-", ignore_cleanup_errors=True) as made:
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(made))
