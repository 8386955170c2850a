"""The log of attempts: one line of $MINI_LOG, or one marker file beside it, per attempt."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Entry = dict[str, Any]


def attempt(task: str, **details: object) -> str:
    """Log one attempt of a task, and return how the fault plan has it end.

    Raises RuntimeError if it fails.
    """
    number = 1 + sum(entry["task"] == task for entry in _lines())
    outcome = _outcome(_plan().get(task, ()), number)
    entry = {"task": task, "attempt": number, "outcome": outcome, "at": time.time_ns() // 1000}
    with _path().open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry | details) + "\n")
    if outcome == "fail":
        raise RuntimeError(f"injected fault: {task}")
    return outcome


def is_stale(table: str) -> bool:
    """Whether the fault plan wants the rows of a source table to be two days old."""
    return _plan().get(table) == ["stale"]


def entries() -> list[Entry]:
    """Return every attempt so far, of Python tasks, dbt models and dbt tests, in order of start.

    `at` is in microseconds since 1970.
    """
    path = _path()
    markers = path.parent.glob(f"{path.name}.*.json")
    found = [*_lines(), *(json.loads(marker.read_bytes()) for marker in markers)]
    return sorted(found, key=lambda entry: entry["at"])


def _outcome(plan: Sequence[str], number: int) -> str:
    return plan[min(number, len(plan)) - 1] if plan else "ok"


def _plan() -> Mapping[str, Sequence[str]]:
    path = os.environ.get("MINI_FAULTS")
    plan: dict[str, list[str]] = json.loads(Path(path).read_bytes()) if path else {}
    return plan


def _path() -> Path:
    return Path(os.environ["MINI_LOG"])


def _lines() -> list[Entry]:
    path = _path()
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]
