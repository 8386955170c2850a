"""Run generated headless scripts for real, and tell what was seen.

Reads requests and writes answers as lines of JSON, until the end of its input. A script runs
through its own `main`, so the exit code and the events are the ones its callers get; the
edges are read from the table of tasks it loads. Attempts have processes of their own, which
inherit what this one has imported: how they call dbt stands in a file.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from dbt.cli.main import dbtRunner

INVOKE = dbtRunner.invoke
SCRATCH = Path(tempfile.mkdtemp(prefix="headless-"))
ARGV, LOG = SCRATCH / "argv.jsonl", SCRATCH / "log.jsonl"


def invoke(self: dbtRunner, args: list[str], **kwargs: Any) -> Any:
    """Write down what dbt is asked for, and ask it."""
    if "parse" not in args:
        with ARGV.open("a") as lines:
            lines.write(json.dumps(list(map(str, args))) + "\n")
    return INVOKE(self, args, **kwargs)


def observe(request: dict[str, Any]) -> dict[str, Any]:
    """Load and run one script in an environment of its own."""
    ARGV.write_text("")
    with environment(request["env"], request["path"]):
        if recipe := request.get("recipe"):
            folder = Path(request["file"]).parents[1]
            os.environ["RUN"] = str(LOG)
            done = subprocess.run(["bash", "-euc", recipe], cwd=folder, check=False)
            return {"succeeded": done.returncode == 0}
        LOG.write_text("")
        module = load(request["file"])
        code, events, lines = run(module, request.get("day"), request.get("params", {}))
    if code not in (0, 1) or events[-1]["event"] != "summary":
        raise RuntimeError(f"exit code {code} after {events}")
    return {
        "succeeded": code == 0,
        "tasks": {
            event["task"]: {
                "state": event["state"],
                "attempts": event["attempt"],
                "started": started(event["task"], events),
                "ended": event["time"] if event["attempt"] else None,
            }
            for event in events
            if event["event"] == "end"
        },
        "edges": [[name, task.name] for task in module.TASKS for name in task.upstream],
        "schedules": schedules(Path(request["file"])),
        "dbt": [json.loads(line) for line in ARGV.read_text().splitlines()],
        "told": lines,
    }


def schedules(script: Path) -> list[dict[str, Any]]:
    """Return when cron and GitHub start a script: once, if they agree."""
    told = [crontab(script), workflow(script)]
    return told[:1] if told[0] == told[1] else told


def crontab(script: Path) -> dict[str, Any]:
    """Return when cron starts a script, by the lines that are for it."""
    file, timezone, told = script.with_name("crontab.txt"), None, []
    for line in file.read_text().splitlines() if file.exists() else []:
        if line.startswith("CRON_TZ="):
            timezone = line.removeprefix("CRON_TZ=")
        elif not line.startswith("#") and f"/{script.name} " in f"{line} ":
            told.append({"cron": " ".join(line.split()[:5]), "timezone": timezone})
    return only(told)


def workflow(script: Path) -> dict[str, Any]:
    """Return when GitHub starts a script, by the schedules of its workflow."""
    file = script.parents[1] / "workflows" / f"{script.stem}.yml"
    if not file.exists():
        return only([])
    started_by = yaml.load(file.read_text(), yaml.BaseLoader)["on"]
    return only([dict(schedule) for schedule in started_by.get("schedule", [])])


def only(told: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the one schedule there is, or that there is none."""
    if len(told) > 1:
        raise ValueError(f"more than one schedule: {told}")
    return {"enabled": True, **told[0]} if told else {"enabled": False}


def started(task: str, events: list[dict[str, Any]]) -> float | None:
    starts = (event for event in events if event["event"] == "start" and event["task"] == task)
    return next((event["time"] for event in starts), None)


@contextmanager
def environment(variables: dict[str, str], folders: list[str]) -> Iterator[None]:
    """Set variables and make the user's modules importable; afterwards forget both."""
    variables = {**variables, "PYTHONPATH": os.pathsep.join(folders)}
    before = dict(os.environ)
    os.environ.update(variables)
    sys.path[:0] = folders
    try:
        yield
    finally:
        del sys.path[: len(folders)]
        os.environ.clear()
        os.environ.update(before)
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and any(Path(file).is_relative_to(folder) for folder in folders):
                del sys.modules[name]
        importlib.invalidate_caches()


def load(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def run(
    module: ModuleType, day: str | None, params: dict[str, Any]
) -> tuple[int, list[dict[str, Any]], list[str]]:
    """Call the script's `main` with files as its standard output and its standard error."""
    stdout, stderr = sys.stdout, os.dup(2)
    with tempfile.TemporaryFile("w+") as written, tempfile.TemporaryFile("w+") as said:
        os.dup2(written.fileno(), 1)
        os.dup2(said.fileno(), 2)
        try:
            dated = ["--date", day] if day else []
            code = module.main(["--events", "--log", str(LOG), *dated, *words(params)])
        finally:
            os.dup2(stderr, 2)
            os.dup2(stderr, 1)
            os.close(stderr)
            sys.stdout = stdout
            said.seek(0)
            lines = said.read().splitlines()
            print(*lines, sep="\n", file=sys.stderr)
        written.seek(0)
        return code, [json.loads(line) for line in written], lines


def words(params: dict[str, Any]) -> list[str]:
    """Return the arguments that give parameters: text as it is, all else as JSON."""
    texts = {n: v if isinstance(v, str) else json.dumps(v) for n, v in params.items()}
    return [f"--param={name}={text}" for name, text in texts.items()]


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    dbtRunner.invoke = invoke
    for line in sys.stdin:
        try:
            answer = observe(json.loads(line))
        except BaseException:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
