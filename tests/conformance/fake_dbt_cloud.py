"""A fake of dbt Cloud's Administrative API, version 2, on loopback.

It answers what https://docs.getdbt.com/dbt-cloud/api-v2 says of starting a run, asking for one
or for the last of a job, cancelling one, and resuming a failed one. How runs end is a plan.
"""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a token of the fake"
ACCOUNT = 12
QUEUED, RUNNING, SUCCESS, ERROR, CANCELLED = 1, 3, 10, 20, 30
ENDS = {"ok": (QUEUED, RUNNING, SUCCESS), "fail": (RUNNING, ERROR), "hang": (QUEUED, RUNNING)}
NAMES = {1: "Queued", 3: "Running", 10: "Success", 20: "Error", 30: "Cancelled"}
ROUTES = {
    ("POST", r"jobs/(\d+)/run"): "started",
    ("POST", r"jobs/(\d+)/rerun"): "resumed",
    ("POST", r"runs/(\d+)/cancel"): "cancelled",
    ("GET", r"runs/(\d+)"): "run",
    ("GET", r"runs"): "runs",
}


@dataclass
class Run:
    """A run of a job: how it was started, and the states it will be in."""

    id: int
    job: int
    how: str
    body: Mapping[str, Any]
    states: list[int]
    looks: int = 0

    def data(self) -> dict[str, Any]:
        """Return the run as the API tells of it."""
        state = self.states[0]
        return {
            "id": self.id,
            "job_definition_id": self.job,
            "account_id": ACCOUNT,
            "status": state,
            "status_humanized": NAMES[state],
            "href": f"https://cloud.getdbt.com/deploy/{ACCOUNT}/projects/5/runs/{self.id}",
        }


@dataclass
class FakeDbtCloud:
    """The account: its runs in the order they were started, and what was asked in vain.

    `plan` says how the runs of a job end, the last word for all further ones: `ok`, `fail` or
    `hang`. `faults` are what the first looks at each run find instead of an answer: an HTTP
    status, or 0 for a connection that is closed.
    """

    plan: Mapping[int, Sequence[str]] = field(default_factory=dict)
    faults: Sequence[int] = ()
    runs: list[Run] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    hanging: threading.Event = field(default_factory=threading.Event)
    """Set once somebody has looked at a run that will not end."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, job: int) -> list[Run]:
        """Return the runs of a job, the oldest first."""
        return [run for run in self.runs if run.job == job]

    def answer(self, method: str, url: str, token: str | None, body: bytes) -> tuple[int, Any]:
        """Return the status of the response, and the `data` in it."""
        address = urlsplit(url)
        root = f"/api/v2/accounts/{ACCOUNT}/"
        with self.lock:
            for (verb, pattern), name in ROUTES.items():
                found = re.fullmatch(f"{root}{pattern}/?", address.path)
                if token == f"Token {TOKEN}" and found and verb == method:
                    numbers = map(int, found.groups())
                    if name == "started":
                        asked = {k: v for k, v in json.loads(body).items() if v is not None}
                        return 200, self._start(*numbers, "run", asked).data()
                    if name == "runs":
                        return 200, self._latest(parse_qs(address.query))
                    return getattr(self, f"_{name}")(*numbers)  # type: ignore[no-any-return]
            self.refused.append(f"{method} {url} {token}")
        return 401 if token != f"Token {TOKEN}" else 404, None

    def _start(self, job: int, how: str, body: Mapping[str, Any]) -> Run:
        plan, number = self.plan.get(job, ["ok"]), len(self.of(job))
        states = ENDS[plan[min(number, len(plan) - 1)]]
        run = Run(len(self.runs) + 70, job, how, body, list(states))
        self.runs.append(run)
        return run

    def _resumed(self, job: int) -> tuple[int, Any]:
        failed = self.of(job) and self.of(job)[-1].states[0] == ERROR
        return 200, self._start(job, "rerun" if failed else "run", {}).data()

    def _cancelled(self, run_id: int) -> tuple[int, Any]:
        run = self._found(run_id)
        if run.states[0] < SUCCESS:
            run.states = [CANCELLED]
        return 200, run.data()

    def _run(self, run_id: int) -> tuple[int, Any]:
        run = self._found(run_id)
        run.looks += 1
        if run.looks <= len(self.faults):
            return self.faults[run.looks - 1], None
        if len(run.states) > 1:
            run.states.pop(0)
        if run.states == [RUNNING]:
            self.hanging.set()
        return 200, run.data()

    def _latest(self, query: Mapping[str, Sequence[str]]) -> list[Any]:
        runs = self.of(int(query["job_definition_id"][0]))
        return [run.data() for run in reversed(runs)][: int(query["limit"][0])]

    def _found(self, run_id: int) -> Run:
        return next(run for run in self.runs if run.id == run_id)


@contextmanager
def serving(fake: FakeDbtCloud, certificate: Path) -> Iterator[str]:
    """Serve a fake with a `certificate` of `self_signed`, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._do()

        def do_POST(self) -> None:
            self._do()

        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization")
            status, data = fake.answer(self.command, self.path, token, body)
            text = json.dumps({"data": data}).encode()
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def self_signed(folder: Path) -> Path:
    """Return a file with a new certificate for loopback, and its key."""
    file = folder / "loopback.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    made = ["-days", "2", "-keyout", file, "-out", file]
    subprocess.run(["openssl", "req", "-x509", *key, *subject, *made], check=True)
    return file
