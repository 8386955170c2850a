"""Tasks that end as a plan of faults says, and write down each attempt.

$CONTROL_PLAN is the plan, a mapping of tasks to the ends of their attempts in JSON; the last
end repeats. $CONTROL_LOG is a folder that gets a file for each attempt.
"""

import json
import os
import time
from pathlib import Path

SLICE_SECONDS = 0.1
LONG_SECONDS = 30.0


def work(task: str) -> None:
    """Do nothing, fail, or take much too long."""
    end = begin(task)
    if end == "fail":
        raise RuntimeError(f"injected fault: {task}")
    if end == "hang":
        until = time.monotonic() + LONG_SECONDS
        while time.monotonic() < until:
            time.sleep(SLICE_SECONDS)


def answer(task: str) -> bool:
    """Say yes or no, or fail to."""
    end = begin(task)
    if end == "fail":
        raise RuntimeError(f"injected fault: {task}")
    return end != "no"


def begin(task: str) -> str:
    """Write an attempt down, and return how it is to end."""
    folder = Path(os.environ["CONTROL_LOG"])
    number = 1 + len(list(folder.glob(f"{task}.*")))
    (folder / f"{task}.{number}").write_text(repr(time.time()))
    ends = json.loads(Path(os.environ["CONTROL_PLAN"]).read_text()).get(task, ["ok"])
    return str(ends[min(number, len(ends)) - 1])
