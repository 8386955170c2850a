"""Start two runs of each deployment of a folder, one after the other, on a live server and worker.

`live_prefect.py FOLDER GO` prints, as its last line, by deployment as JSON: the schedules, the
state of the second run while the first one runs, and how both end. A flow ends once GO is there.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

PATIENCE_SECONDS = 120.0


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def running(log: Path, *command: str, **options: Any) -> Iterator[None]:
    """Run `prefect` with some arguments until the block ends."""
    with log.open("wb") as out:
        process = subprocess.Popen(["prefect", *command], stdout=out, stderr=out, **options)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=60)


def wait_for(question: Callable[[], Any]) -> Any:
    """Return the first answer that is true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.2)
    raise TimeoutError(question)


def main(folder: Path, go: Path, home: Path) -> None:
    """Deploy, run and tell."""
    port = free_port()
    os.environ.update(
        DO_NOT_TRACK="1",
        PREFECT_HOME=str(home),
        PREFECT_API_URL=f"http://127.0.0.1:{port}/api",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_WORKER_QUERY_SECONDS="1",
    )
    from prefect.client.orchestration import get_client  # reads its settings once

    with ExitStack() as stack:
        where = ("--no-ui", "--host", "127.0.0.1", "--port", str(port))
        stack.enter_context(running(home / "server.log", "server", "start", *where))
        client = stack.enter_context(get_client(sync_client=True))
        wait_for(lambda: client.api_healthcheck() is None)
        for command in (
            ["work-pool", "create", "default", "--type", "process"],
            ["--no-prompt", "deploy", "--all"],
        ):
            subprocess.run(["prefect", *command], cwd=folder, check=True)
        stack.callback(go.touch)
        worker = ("worker", "start", "--pool", "default")
        stack.enter_context(running(home / "worker.log", *worker, cwd=folder))

        def named(run: UUID) -> tuple[str, str]:
            state = client.read_flow_run(run).state
            assert state
            return state.type.value, state.name

        def started(deployment: UUID) -> UUID:
            run = client.create_flow_run_from_deployment(deployment).id
            wait_for(lambda: named(run) not in WAITING)
            return run

        seen, runs = {}, {}
        for deployment in client.read_deployments():
            runs[deployment.name] = [started(deployment.id), started(deployment.id)]
            first, second = map(named, runs[deployment.name])
            assert first[0] == "RUNNING", first
            active = [schedule.active for schedule in deployment.schedules]
            seen[deployment.name] = {"active": active, "meanwhile": second[1]}
        go.touch()
        for name, both in runs.items():
            wait_for(lambda both=both: {named(run)[0] for run in both} <= FINAL)
            seen[name]["ended"] = [named(run)[0] for run in both]
    print(json.dumps(seen))


WAITING = {
    ("SCHEDULED", "Scheduled"),
    ("SCHEDULED", "Late"),
    ("PENDING", "Pending"),
    ("PENDING", "Submitting"),
    ("PENDING", "InfrastructurePending"),
}
FINAL = {"COMPLETED", "FAILED", "CANCELLED", "CRASHED"}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(made))
