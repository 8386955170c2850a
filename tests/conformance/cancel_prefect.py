"""Run the flow of a file on the real Prefect, and cancel the flow run once stdin ends."""

from __future__ import annotations

import runpy
import sys
import threading
from typing import Any

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.states import Cancelling
from prefect.testing.utilities import prefect_test_harness


def cancel(client: SyncPrefectClient) -> None:
    """Do what the button `Cancel` of Prefect's page does."""
    sys.stdin.read()
    (run,) = client.read_flow_runs()
    client.set_flow_run_state(run.id, Cancelling())


def main(file: str) -> None:
    """Run the flow until its tasks have ended."""
    found: dict[str, Any] = runpy.run_path(file)
    (flow,) = (item for item in found.values() if isinstance(item, Flow))
    with prefect_test_harness(server_startup_timeout=120), get_client(sync_client=True) as client:
        canceller = threading.Thread(target=cancel, args=(client,))
        canceller.start()
        flow(return_state=True)
        canceller.join()


main(sys.argv[1])
