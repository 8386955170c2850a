"""Projects of pipelines whose tasks wait at a door, which the test opens when it has seen enough.

Each task writes down when it began and, once through the door, when it ended.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

MODULE = '''
import os
import time
import uuid
from pathlib import Path


def enter(task):
    """Write down that a task began; once the door is open, that it ended."""
    seen = Path(os.environ["DOOR"], f"{task}.{uuid.uuid4()}")
    seen.write_text(f"{time.time()}")
    deadline = time.monotonic() + 600
    while not Path(os.environ["DOOR"], "open").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    seen.write_text(f"{seen.read_text()} {time.time()}")
'''


class Visit(NamedTuple):
    """When a task began and ended; one that was stopped did not end."""

    began: float
    ended: float | None = None


def waiting(task: str, **options: Any) -> dict[str, Any]:
    """Return a task that waits at the door, where it is known as `task`."""
    return {"kind": "python", "callable": "doors_of_test:enter", "args": {"task": task}, **options}


def pipeline(name: str, schedule: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return a pipeline of one task, called as the pipeline."""
    task = waiting(name, **options.pop("of_task", {}))
    return {"schedule": schedule, "sources": {name: task}, **options}


def write(folder: Path, settings: Mapping[str, Any], pipelines: Mapping[str, Any]) -> Path:
    """Write a project in a folder, render it, and return the folder."""
    (folder / "pipelines").mkdir(parents=True)
    (folder / "doors_of_test.py").write_text(MODULE)
    project = {"version": 1, "project": "live", **settings}
    (folder / "pipegen.yaml").write_text(yaml.safe_dump(project))
    for name, pipeline in pipelines.items():
        spec = {"version": 1, "pipeline": name, **pipeline}
        (folder / "pipelines" / f"{name}.yaml").write_text(yaml.safe_dump(spec))
    subprocess.run([sys.executable, "-m", "pipegen", "render"], cwd=folder, check=True)
    return folder


def visits(door: Path) -> dict[str, list[Visit]]:
    """Return when each task was at the door, first things first."""
    found: dict[str, list[Visit]] = {}
    for file in door.glob("*.*"):
        if text := file.read_text():  # else it is just being written
            found.setdefault(file.stem, []).append(Visit(*map(float, text.split())))
    return {task: sorted(times) for task, times in found.items()}


def follow(first: Visit, then: Visit) -> bool:
    """Return whether one task began when another had ended."""
    return first.ended is not None and first.ended <= then.began
