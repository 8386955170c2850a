"""What a server answers decides over a request and over a check as the specification says."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import yaml
from lanes import Recorder
from traces import Plan, assert_same, trace_of

from pipegen import backends
from pipegen.capabilities import Feature, Level
from pipegen.compiler import compile_project
from pipegen.project import load

PROJECT = """\
version: 1
project: answers
backends: {{{lane}: {{out: generated}}}}
connections:
  server: {{kind: http, url: "${{ENV:SERVER}}"}}
  nobody: {{kind: http, url: "${{ENV:NOBODY}}"}}
"""
TASKS = {
    "sources": {
        "created": {"path": "/201", "expect": [201]},
        "missing": {"path": "/404", "expect": ["2xx", 404], "depends_on": ["known"]},
        "moved": {"path": "/302", "retries": 1},
        "too_well": {"path": "/200", "expect": ["3xx", 404]},
    },
    "checks": {
        "up": {"path": "/204"},
        "known": {"path": "/304", "expect": [304], "if_false": "skip"},
        "gone": {"path": "/410", "if_false": "skip", "retries": 1},
        "bad": {"path": "/503", "retries": 1},
        "unsure": {"path": "/500", "if_false": "warn"},
        "silent": {"connection": "nobody", "if_false": "skip", "retries": 1},
    },
    "activations": {
        "after_gone": {"path": "/202", "depends_on": ["gone"]},
        "after_silent": {"path": "/203", "depends_on": ["silent"]},
        "after_unsure": {"path": "/205", "depends_on": ["unsure"]},
    },
}
PLAN: Plan = {
    "moved": ["fail"],
    "too_well": ["fail"],
    "gone": ["no"],
    "bad": ["no"],
    "unsure": ["no"],
    "silent": ["fail"],
}
"""What these answers mean."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """Yield the URL of a server that answers with the status its path names, and what it saw."""
    seen: list[str] = []

    class Status(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(int(self.path[1:]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Status) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}", seen
        listening.shutdown()


@pytest.fixture
def nobody() -> str:
    """Return a URL at which nobody answers."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{bound.getsockname()[1]}"


def test_a_status_is_a_success_a_failure_or_a_no(
    recorder: Recorder, server: tuple[str, list[str]], nobody: str, tmp_path: Path
) -> None:
    lane = recorder.lane
    offered = backends.get(lane.name).capabilities
    if Level.UNSUPPORTED in (offered[Feature.CHECK].level, offered[Feature.HTTP_EXPECT].level):
        pytest.skip("not written for this back end yet")
    asked = {"kind": "http", "connection": "server", "method": "GET"}
    spec = {
        section: {name: {**asked, **task} for name, task in tasks.items()}
        for section, tasks in TASKS.items()
    }
    (tmp_path / "pipegen.yaml").write_text(PROJECT.format(lane=lane.name))
    (tmp_path / "pipelines").mkdir()
    written = yaml.safe_dump({"version": 1, "pipeline": "answers", **spec})
    (tmp_path / "pipelines" / "answers.yaml").write_text(written)
    project = load(tmp_path)
    compilation = compile_project(project, project.targets())
    assert [d for d in compilation.diagnostics if d.is_error] == []
    (compiled,) = compilation.pipelines
    for output in (*compiled.outputs, *compilation.shared):
        for file in output.files:
            path = tmp_path / output.out / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text)
    url, requests = server

    seen = recorder.run(tmp_path, Path("generated"), "answers", {"SERVER": url, "NOBODY": nobody})

    assert compiled.pipeline
    expected = trace_of(compiled.pipeline, PLAN)
    assert_same(seen, expected, compiled.pipeline, lane.native, extra=lane.extra)
    paths = {
        name: str(task.get("path", "")) for tasks in TASKS.values() for name, task in tasks.items()
    }
    tried = {paths[name]: ran.attempts for name, ran in expected.tasks if ran.attempts}
    assert Counter(requests) == {path: n for path, n in tried.items() if path}
