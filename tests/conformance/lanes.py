"""A lane is a back end and the environment it runs in; its recorder is one warm process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipegen.naming import slug

ROOT = Path(__file__).parents[2]
RECORDERS = Path(__file__).parent / "recorders"


def _none(_: str) -> bool:
    return False


def _governs(task_id: str) -> bool:
    return task_id.startswith(("run_if-", "ended-")) or task_id == "run-watcher"


@dataclass(frozen=True, slots=True)
class Lane:
    """A back end: the file it makes of a pipeline, and how it calls the IR's tasks.

    `extra` tells by its name a task that is none of the IR's. `fires` says whether its recorder
    tells at which instants runs start, and `starts` whether it leaves out those before `start`.
    """

    name: str
    file: str
    native: Callable[[str], str]
    python: Path
    extra: Callable[[str], bool] = _none
    fires: bool = True
    starts: bool = True

    def path(self, pipeline: str) -> str:
        """Return where the pipeline's file lies below the back end's folder."""
        return self.file.format(pipeline)


def _python(lane: str) -> Path:
    return ROOT / ".venv" / lane / "bin" / "python"


def _same(name: str) -> str:
    return name


LANES = (
    Lane("airflow", "dags/pg_{}.py", _same, _python("airflow"), _governs),
    Lane("dagster", "defs/pg_{}.py", slug, _python("dagster"), "verdict".__eq__),
    Lane("prefect", "flows/pg_{}.py", _same, _python("prefect"), starts=False),
    Lane("headless", "run/pg_{}.py", _same, Path(sys.executable), fires=False),
)


class RecorderError(Exception):
    """A generated file did not run at all."""


class Recorder:
    """A running recorder: it loads a generated file, runs it for real, and tells what it saw."""

    def __init__(self, lane: Lane, scratch: Path) -> None:
        self.lane = lane
        self.log = scratch / f"{lane.name}.log"
        environment = {**os.environ, "PATH": f"{lane.python.parent}:{os.environ['PATH']}"}
        environment |= {"DO_NOT_TRACK": "1", "TMPDIR": str(scratch)}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [lane.python, RECORDERS / f"{lane.name}.py"],
                cwd=scratch,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def run(
        self,
        project: Path,
        out: Path,
        pipeline: str,
        environment: Mapping[str, object],
        **wanted: object,
    ) -> dict[str, Any]:
        """Run a pipeline's generated file, which lies below `out` in its project.

        With `day`, YYYY-MM-DD, it runs as on that day; with `params`, a mapping, it is given
        these; of each of `moments` it tells when runs would start from then on. With `recipe`, a
        shell script, the last run is not followed by another: the recipe is for that one, whose
        id it finds in `$RUN`.
        """
        request = {
            "file": str(project / out / self.lane.path(pipeline)),
            "pipeline": pipeline,
            "env": {name: str(value) for name, value in environment.items()},
            "path": [str(project)],
            **wanted,
        }
        return self._ask(request)

    def _ask(self, request: Mapping[str, object]) -> dict[str, Any]:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RecorderError(f"the recorder ended:\n{self.tail()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RecorderError(f"{answer['error']}\n{self.tail()}")
        return answer

    def tail(self) -> str:
        """Return the end of what the orchestrator wrote."""
        return self.log.read_text(errors="replace")[-6000:]

    def stop(self) -> None:
        """End the process."""
        assert self.process.stdin
        self.process.stdin.close()
        try:
            self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
