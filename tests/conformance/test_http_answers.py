"""An HTTP check answers by its status, and a request fails by any that it does not expect."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from lanes import Recorder

PROJECT = """
version: 1
project: answers
backends: {{{lane}: {{out: generated}}}}
connections:
  site: {{kind: http, url: "${{ENV:SITE}}"}}
  nobody: {{kind: http, url: "http://127.0.0.1:{port}"}}
"""
PIPELINE = """
version: 1
pipeline: answers
defaults: {retries: 1}
sources:
  takes_404: {kind: http, connection: site, method: GET, path: /404, expect: [2xx, 404]}
  refuses_200: {kind: http, connection: site, method: GET, path: /200, expect: [404, 3xx]}
checks:
  yes: {kind: http, connection: site, method: GET, path: /204}
  must: {kind: http, connection: site, method: GET, path: /404}
  may: {kind: http, connection: site, method: GET, path: /500, if_false: skip}
  should: {kind: http, connection: site, method: GET, path: /503, if_false: warn}
  gone: {kind: http, connection: site, method: GET, path: /410, expect: [404, 410]}
  moved: {kind: http, connection: site, method: GET, path: /302, expect: [200, 3xx]}
  here: {kind: http, connection: site, method: GET, path: /200, expect: [404], if_false: fail}
  unanswered: {kind: http, connection: nobody, method: GET, if_false: skip}
activations:
  after_may: {kind: http, connection: site, path: /200, depends_on: [may]}
  after_should: {kind: http, connection: site, path: /200, depends_on: [should]}
  after_unanswered: {kind: http, connection: site, path: /200, depends_on: [unanswered]}
"""
ENDS = {
    "takes_404": ("success", 1),
    "refuses_200": ("failed", 2),
    "yes": ("success", 1),
    "must": ("failed", 1),
    "may": ("skipped", 1),
    "should": ("success", 1),
    "gone": ("success", 1),
    "moved": ("success", 1),
    "here": ("failed", 1),
    "unanswered": ("failed", 2),
    "after_may": ("skipped", 0),
    "after_should": ("success", 1),
    "after_unanswered": ("upstream_failed", 0),
}


class Handler(BaseHTTPRequestHandler):
    """Answers with the status that the path names."""

    def do_GET(self) -> None:
        self.send_response(int(self.path.strip("/")))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815 (the name the library calls)


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def unused_port() -> Iterator[int]:
    """Yield a port that is taken and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_a_request_ends_by_the_status_it_gets(
    recorder: Recorder, site: str, unused_port: int, tmp_path: Path
) -> None:
    lane = recorder.lane
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipegen.yaml").write_text(PROJECT.format(lane=lane.name, port=unused_port))
    (tmp_path / "pipelines" / "answers.yaml").write_text(PIPELINE)
    command = [Path(sys.executable).with_name("pipegen"), "render"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    seen = recorder.run(tmp_path, Path("generated"), "answers", {"SITE": site})

    ends = {name: (task["state"], task["attempts"]) for name, task in seen["tasks"].items()}
    assert {name: end for name, end in ends.items() if not lane.extra(name)} == {
        lane.native(name): end for name, end in ENDS.items()
    }
    assert not seen["succeeded"]
