"""Generated headless scripts, run as cron and people run them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from pipegen.compiler import compile_project
from pipegen.project import load

MODULE = """
import os, pathlib, signal, subprocess, sys, time

def note(text):
    with open("notes", "a") as notes:
        notes.write(text + "\\n")

def fail_unless(file):
    if not os.path.exists(file):
        raise ValueError(f"no {file}")

def exists(file):
    return os.path.exists(file)

def wait_for(file):
    pathlib.Path("waiting").touch()
    while not os.path.exists(file):
        time.sleep(0.02)

def ignore():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path("pids").write_text(f"{os.getpid()} {child.pid}")
    while True:
        time.sleep(60)

def meet(name):
    pathlib.Path(name).touch()
    other = {"a": "b", "b": "a"}[name]
    until = time.monotonic() + 20
    while not os.path.exists(other):
        if time.monotonic() > until:
            raise TimeoutError(other)
        time.sleep(0.02)
"""
NOTE = {"kind": "python", "callable": "steps:note"}
WAIT = {"kind": "python", "callable": "steps:wait_for", "args": {"file": "go"}}
PATIENCE_SECONDS = 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a project whose tasks are the functions of `MODULE`."""
    (tmp_path / "steps.py").write_text(MODULE, encoding="utf-8")
    return tmp_path


def script(root: Path, **spec: Any) -> Path:
    """Write the headless files of a project of one pipeline; return the script's path."""
    connections = {"api": {"kind": "http", "url": "${ENV:API_URL}"}}
    project = {"version": 1, "project": "p", "connections": connections, "pools": {"one": 1}}
    project["backends"] = {"headless": {"out": "out"}}
    (root / "pipelines").mkdir(exist_ok=True)
    (root / "pipegen.yaml").write_text(yaml.safe_dump(project))
    pipeline = {"version": 1, "pipeline": "mini", **spec}
    (root / "pipelines" / "mini.yaml").write_text(yaml.safe_dump(pipeline))
    opened = load(root)
    compilation = compile_project(opened, opened.targets())
    assert [problem for problem in compilation.diagnostics if problem.is_error] == []
    outputs = [o for item in compilation.pipelines for o in item.outputs] + [*compilation.shared]
    for output in outputs:
        for file in output.files:
            path = root / output.out / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
    return root / "out" / "run" / "pg_mini.py"


def start(path: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    root = path.parents[2]
    return subprocess.Popen(
        [sys.executable, path, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(path: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    with start(path, *arguments, **environment) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def ends(text: str) -> dict[str, tuple[str, int]]:
    """Return how each task ended that did, by events."""
    found = (event for event in events(text) if event["event"] == "end")
    return {event["task"]: (event["state"], event["attempt"]) for event in found}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_tasks_run_beside_each_other(root: Path) -> None:
    meet = {"kind": "python", "callable": "steps:meet"}
    tasks = {name: {**meet, "args": {"name": name}} for name in "ab"}
    code, _, err = run(script(root, sources=tasks))
    assert code == 0, err


@pytest.mark.parametrize("limit", ["max_parallel", "pool"])
def test_a_limit_keeps_tasks_apart(root: Path, limit: str) -> None:
    more = {"max_parallel": 1} if limit == "max_parallel" else {}
    task = {**NOTE, **({"pool": "one"} if limit == "pool" else {})}
    tasks = {name: {**task, "args": {"text": name}} for name in "abcd"}
    code, out, err = run(script(root, sources=tasks, **more), "--events")
    assert code == 0, err
    told = [event["event"] for event in events(out)]
    assert told == ["plan", *["start", "end"] * 4, "summary"]


def test_a_run_is_resumed_from_its_log(root: Path) -> None:
    need = {"kind": "python", "callable": "steps:fail_unless", "args": {"file": "there"}}
    asks = {"kind": "python", "callable": "steps:exists", "args": {"file": "never"}}
    path = script(
        root,
        params={"text": {"type": "string"}},
        sources={"first": {**NOTE, "args": {"text": "{{ params.text }} {{ run.date }}"}}},
        checks={"gate": {**asks, "if_false": "skip"}},
        transforms={"second": {**need, "depends_on": ["first"]}},
        activations={
            "third": {**NOTE, "args": {"text": "{{ params.text }}!"}, "depends_on": ["second"]},
            "gated": {**NOTE, "args": {"text": "gated"}, "depends_on": ["gate"]},
            "alarm": {**NOTE, "args": {"text": "alarm"}, "depends_on": ["second"]}
            | {"run_if": "one_failed"},
        },
    )
    asked = ["--date", "2026-02-03", "--param", "text=x"]
    code, out, err = run(path, "--log", "log", "--events", *asked)
    assert code == 1, err
    log = root / "log"
    assert log.read_text() == out
    assert ends(out) == {
        "first": ("success", 1),
        "gate": ("skipped", 1),
        "second": ("failed", 1),
        "third": ("upstream_failed", 0),
        "gated": ("skipped", 0),
        "alarm": ("success", 1),
    }

    (root / "there").touch()
    code, out, err = run(path, "--resume", "log", "--events")

    assert code == 0, err
    assert ends(out) == {"second": ("success", 1), "third": ("success", 1), "gated": ("skipped", 0)}
    assert events(out)[0]["run"] == {
        "date": "2026-02-03",
        "params": {"text": "x"},
        "done": {"first": "success", "gate": "skipped", "alarm": "success"},
    }
    assert (root / "notes").read_text().splitlines() == ["x 2026-02-03", "alarm", "x!"]
    assert log.read_text().endswith(out)

    code, out, err = run(path, "--resume", "log", "--events")
    assert (code, ends(out)) == (0, {"gated": ("skipped", 0)})


@pytest.mark.parametrize(
    ("log", "arguments", "told"),
    [
        (None, [], "No such file"),
        ("", [], "log does not end with a run of mini"),
        ('{"event": "plan", "pipeline": "other", "run": {"done": {}}}', [], "a run of mini"),
        ("no json", [], "Expecting value"),
        ("", ["--date", "2026-01-01"], "a run that is resumed keeps its date"),
    ],
)
def test_a_log_that_tells_of_no_run_is_refused(
    root: Path, log: str | None, arguments: list[str], told: str
) -> None:
    path = script(root, sources={"a": {**NOTE, "args": {"text": "a"}}})
    if log is not None:
        (root / "log").write_text(log)
    code, _, err = run(path, "--resume", "log", *arguments)
    assert code == 2
    assert told in err
    assert not (root / "notes").exists()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGHUP, 129), (signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_the_run_and_what_it_started(
    root: Path, number: signal.Signals, code: int
) -> None:
    path = script(
        root,
        sources={"a": {"kind": "python", "callable": "steps:ignore", "retries": 2}},
        activations={"b": {**NOTE, "args": {"text": "b"}, "depends_on": ["a"]}},
    )
    path.write_text(re.sub(r"GRACE = \d+", "GRACE = 0.3", path.read_text()))
    with start(path, "--events") as process:
        until(lambda: (root / "pids").exists() and len((root / "pids").read_text().split()) == 2)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == code, err
    assert ends(out) == {}
    assert events(out)[-1].items() >= {"event": "summary", "state": "interrupted"}.items()
    for pid in map(int, (root / "pids").read_text().split()):
        until(lambda pid=pid: not alive(pid))  # type: ignore[misc]


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not asked for by its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_ignores_its_timeout_is_killed(root: Path) -> None:
    task = {"kind": "python", "callable": "steps:ignore", "timeout": "1s"}
    path = script(root, sources={"a": task})
    path.write_text(re.sub(r"GRACE = \d+", "GRACE = 0.3", path.read_text()))
    code, out, err = run(path, "--events")
    assert (code, ends(out)) == (1, {"a": ("failed", 1)}), err
    assert "no end after 1 seconds" in out


@pytest.mark.parametrize("overlap", [None, "skip", "queue", "allow"])
def test_a_scheduled_run_minds_the_one_before(root: Path, overlap: str | None) -> None:
    schedule = {"cron": "0 5 * * *", **({"overlap": overlap} if overlap else {})}
    path = script(root, schedule=schedule, sources={"a": WAIT})
    scheduled = [] if overlap == "allow" else ["--scheduled"]
    with start(path, *scheduled) as first:
        until((root / "waiting").exists)
        (root / "waiting").unlink()
        with start(path, "--events", *scheduled) as second, start(path, "--events") as by_hand:
            until((root / "waiting").exists)  # the one by hand waits for nobody
            if overlap in (None, "skip"):
                assert second.wait(PATIENCE_SECONDS) == 0
            (root / "go").touch()
            out, err = second.communicate(timeout=PATIENCE_SECONDS)
            assert by_hand.wait(PATIENCE_SECONDS) == 0
        assert first.wait(PATIENCE_SECONDS) == 0
        told, _ = first.communicate()
    if overlap in (None, "skip"):
        assert (out, err) == ("", "skipped: the scheduled run before goes on\n")
    else:
        assert ends(out) == {"a": ("success", 1)}, err
    assert told == ""


class Answers(BaseHTTPRequestHandler):
    """Answers every request with the status its path names."""

    def do_POST(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_the_status_of_a_response_decides(root: Path) -> None:
    def asks(status: int, *expected: str) -> dict[str, Any]:
        expect = {"expect": list(expected)} if expected else {}
        return {"kind": "http", "connection": "api", "path": f"/{status}", **expect}

    path = script(
        root,
        sources={
            "plain": asks(204),
            "plain_not": asks(404),
            "expected": asks(404, "2xx", "404"),
            "expected_not": asks(200, "404", "5xx"),
        },
        checks={
            "yes": asks(200),
            "no": {**asks(404), "if_false": "skip"},
            "yes_too": asks(503, "5xx"),
            "no_too": {**asks(204, "200"), "if_false": "warn", "retries": 1},
        },
    )
    with serving() as url:
        code, out, err = run(path, "--events", API_URL=url)
    assert code == 1, err
    assert ends(out) == {
        "plain": ("success", 1),
        "plain_not": ("failed", 1),
        "expected": ("success", 1),
        "expected_not": ("failed", 1),
        "yes": ("success", 1),
        "no": ("skipped", 1),
        "yes_too": ("success", 1),
        "no_too": ("success", 1),
    }
    answers = [e["task"] for e in events(out) if e.get("error") == "the answer is no"]
    assert sorted(answers) == ["no", "no_too"]

    code, out, _ = run(path, "--events", API_URL=url)  # nobody answers any more
    assert code == 1
    assert set(ends(out).values()) == {("failed", 1), ("failed", 2)}


def test_a_workflow_is_one_of_github_actions(root: Path) -> None:
    for overlap in ("skip", "queue", "allow"):
        script(
            root,
            schedule={"cron": "0 5 * * 1-5", "timezone": "Europe/Rome", "overlap": overlap},
            params={"limit": {"type": "integer", "default": 1, "description": "up to $${{ x }}"}},
            sources={"a": {"kind": "shell", "command": ["echo", "${ENV:TOKEN}"]}},
        )
        path = root / "out" / "workflows" / "pg_mini.yml"
        command = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows", path]
        done = subprocess.run(
            [sys.executable, "-m", *command], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        written = yaml.load(path.read_text(), yaml.BaseLoader)
        assert written["on"]["schedule"] == [{"cron": "0 5 * * 1-5", "timezone": "Europe/Rome"}]
        assert written["jobs"]["run"]["steps"][-2]["env"]["TOKEN"] == "${{ secrets.TOKEN }}"
        assert ("concurrency" in written) is (overlap == "queue")
        assert ("BEFORE" in path.read_text()) is (overlap == "skip")


def test_a_schedule_that_is_off_starts_nothing(root: Path) -> None:
    path = script(root, schedule={"cron": "0 5 * * *", "enabled": False}, sources={"a": WAIT})
    lines = path.with_name("crontab.txt").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == ["CRON_TZ=UTC"]
    workflow = yaml.load((root / "out/workflows/pg_mini.yml").read_text(), yaml.BaseLoader)
    assert list(workflow["on"]) == ["workflow_dispatch"]


def test_a_line_of_the_crontab_starts_the_script(root: Path) -> None:
    task = {**NOTE, "args": {"text": "a"}}
    path = script(
        root, schedule={"cron": "0 5 * * *", "timezone": "Asia/Tokyo"}, sources={"a": task}
    )
    _, zone, line = path.with_name("crontab.txt").read_text().splitlines()[-3:]
    assert zone == "CRON_TZ=Asia/Tokyo"
    assert line.startswith("0 5 * * * ")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PROJECT": str(root), "LOGS": str(root), "PATH": programs}
    subprocess.run(["sh", "-c", line.removeprefix("0 5 * * * ")], env=environment, check=True)
    assert (root / "notes").read_text() == "a\n"
    assert events((root / "pg_mini.jsonl").read_text())[-1]["state"] == "success"
