"""Run the flow of a file against a server of its own.

python run_prefect.py FILE FLOW
"""

from __future__ import annotations

import sys
from runpy import run_path

from prefect import Flow
from prefect.testing.utilities import prefect_test_harness


def main() -> None:
    """Run it; fail if it does."""
    flow = run_path(sys.argv[1])[sys.argv[2]]
    assert isinstance(flow, Flow)
    with prefect_test_harness(server_startup_timeout=120):
        assert flow(return_state=True).is_completed()


if __name__ == "__main__":
    main()
