"""What governs a run on Prefect, beyond its trace: answers, slots, waits, and retried runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from control import Case, Rendered, cases, render
from lanes import LANES, Recorder
from test_rerun import shown
from traces import assert_same, meaning_of, trace_of

from pipegen.semantics import State

(LANE,) = (lane for lane in LANES if lane.name == "prefect")
OUT = Path("generated", LANE.name)
pytestmark = pytest.mark.parametrize(
    "recorder",
    [pytest.param(LANE, id="prefect", marks=pytest.mark.xdist_group("prefect"))],
    indirect=True,
)
SETTINGS = """
version: 1
project: governed
backends: {prefect: {out: generated/prefect}}
connections: {hook: {kind: http, url: "${ENV:HOOK_URL}"}}
pools: {narrow: 1, wide: 3}
"""
ASKING = """
version: 1
pipeline: asking
defaults: {retries: 1}
sources:
  fetch: {kind: http, connection: hook, method: GET, path: /fetch, expect: [2xx, 404]}
checks:
  must: {kind: http, connection: hook, method: GET, path: /must, depends_on: [fetch]}
  may: {kind: http, connection: hook, method: GET, path: /may, expect: [200], if_false: skip}
  should: {kind: http, connection: hook, method: GET, path: /should, if_false: warn}
activations:
  after_must: {kind: http, connection: hook, path: /after, depends_on: [must]}
  after_may: {kind: http, connection: hook, path: /after, depends_on: [may]}
  after_should: {kind: http, connection: hook, path: /after, depends_on: [should]}
"""
SHARING = """
version: 1
pipeline: sharing
sources:
  a: {kind: python, callable: crowd:join, args: {where: narrow, least: 1}, pool: narrow}
  b: {kind: python, callable: crowd:join, args: {where: narrow, least: 1}, pool: narrow}
  c: {kind: python, callable: crowd:join, args: {where: wide, least: 2}, pool: wide}
  d: {kind: python, callable: crowd:join, args: {where: wide, least: 2}, pool: wide}
"""
PARALLEL = """
version: 1
pipeline: parallel
max_parallel: 2
sources:
  a: {kind: python, callable: crowd:join, args: {where: flow, least: 2}}
  b: {kind: python, callable: crowd:join, args: {where: flow, least: 2}}
  c: {kind: python, callable: crowd:join, args: {where: flow, least: 2}}
  d: {kind: python, callable: crowd:join, args: {where: flow, least: 2}}
"""
CROWD = """
import os
import threading
import time
from collections import defaultdict
from pathlib import Path

BARRIERS = {least: threading.Barrier(least, timeout=60) for least in (1, 2)}
LOCK = threading.Lock()
present = defaultdict(int)


def join(where, least):
    with LOCK:
        present[where] += 1
    BARRIERS[least].wait()
    time.sleep(0.5)  # long enough for one more to come, if any may
    with LOCK:
        Path(os.environ["CROWD"], f"{where}.{present[where]}").touch()
        present[where] -= 1
"""
PIPELINES = {"asking": ASKING, "sharing": SHARING, "parallel": PARALLEL}
NO_ANSWER = 0
GOOD = range(200, 300)
EXPECTED = {"fetch": {*GOOD, 404}, "must": GOOD, "may": {200}, "should": GOOD}
ANSWERS: dict[str, Mapping[str, Sequence[int]]] = {
    "as-expected": {"fetch": [404]},
    "what-nobody-expects": {"fetch": [304]},
    "no": {"must": [503], "may": [204], "should": [404]},
    "no-answer": {"must": [NO_ANSWER], "may": [NO_ANSWER], "should": [NO_ANSWER]},
    "no-answer-at-first": {
        "fetch": [500, 200],
        "must": [NO_ANSWER, 200],
        "may": [NO_ANSWER, 404],
        "should": [NO_ANSWER, 404],
    },
}


@dataclass
class Hook:
    """A server on the loopback interface: what it is to answer, and how often it was asked."""

    answers: Mapping[str, Sequence[int]]
    asked: Counter[str] = field(default_factory=Counter)
    url: str = ""

    def status(self, path: str) -> int:
        """Return the next status for a path; the last one repeats."""
        answers = self.answers.get(path, [200])
        self.asked[path] += 1
        return answers[min(self.asked[path], len(answers)) - 1]


@pytest.fixture
def hook(request: pytest.FixtureRequest) -> Iterator[Hook]:
    found = Hook(request.param)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = found.status(self.path.strip("/"))
            if status != NO_ANSWER:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def do_POST(self) -> None:
            self.do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of these pipelines."""
    folder = tmp_path_factory.mktemp("prefect_control") / "project"
    (folder / "pipelines").mkdir(parents=True)
    (folder / "pipegen.yaml").write_text(SETTINGS)
    (folder / "crowd.py").write_text(CROWD)
    for name, text in PIPELINES.items():
        (folder / "pipelines" / f"{name}.yaml").write_text(text)
    subprocess.run([sys.executable, "-m", "pipegen", "render"], cwd=folder, check=True)
    return folder


@pytest.fixture
def governed(case: Case, tmp_path: Path, project: Path) -> Rendered:
    return render(case, tmp_path / "project", project)


def of(name: str) -> pytest.MarkDecorator:
    """Return what gives a test a case."""
    return pytest.mark.parametrize("case", [cases()[name]], ids=[name])


@pytest.mark.parametrize("hook", ANSWERS.values(), ids=ANSWERS, indirect=True)
def test_an_answer_means_what_is_expected_of_it(
    recorder: Recorder, written: Path, hook: Hook
) -> None:
    meaning = meaning_of(written, "asking")
    plan = {
        name: [end(name, status) for status in statuses] for name, statuses in hook.answers.items()
    }

    seen = recorder.run(written, OUT, "asking", {"HOOK_URL": hook.url})

    expected = trace_of(meaning, plan)
    assert_same(seen, expected, meaning, LANE.native)
    attempts = {name: ran.attempts for name, ran in expected.tasks if ran.attempts}
    after = sum(attempts.pop(name, 0) for name in ("after_must", "after_may", "after_should"))
    assert hook.asked == Counter({**attempts, "after": after})


@pytest.mark.parametrize(
    ("pipeline", "most"), [("sharing", {"narrow": 1, "wide": 2}), ("parallel", {"flow": 2})]
)
def test_no_more_task_runs_at_once_than_there_are_slots(
    recorder: Recorder, written: Path, pipeline: str, most: dict[str, int], tmp_path: Path
) -> None:
    seen = recorder.run(written, OUT, pipeline, {"CROWD": tmp_path})

    assert seen["succeeded"]
    crowds = [file.name.split(".") for file in tmp_path.iterdir()]
    assert {where: max(int(n) for at, n in crowds if at == where) for where, _ in crowds} == most


@of("retries")
def test_the_waits_between_tries_double_up_to_their_limit(
    recorder: Recorder, case: Case, governed: Rendered, tmp_path: Path
) -> None:
    log = begin(tmp_path, case, "each-fails-twice")

    recorder.run(governed.folder, OUT, "retries", surroundings(tmp_path))

    waits = {}
    for name in ("fixed", "doubled"):
        tries = sorted(float(file.read_text()) for file in log.glob(f"{name}.*"))
        waits[name] = [later - earlier for earlier, later in pairwise(tries)]
    assert [int(wait) for wait in waits["fixed"]] == [1, 1]
    assert [int(wait) for wait in waits["doubled"]] == [1, 2]


@of("skips_go_on")
def test_a_retried_run_asks_again_and_repeats_what_was_skipped(
    recorder: Recorder, case: Case, governed: Rendered, tmp_path: Path
) -> None:
    log = begin(tmp_path, case, "no-and-a-failure")
    (governed.folder / OUT / "rerun.py").write_text(shown("prefect", "python"))
    environment = {**surroundings(tmp_path), "PIPELINE": case.name}
    assert not recorder.run(governed.folder, OUT, case.name, environment)["succeeded"]
    shutil.copytree(log, tmp_path / "before")

    (tmp_path / "plan.json").write_text("{}")
    recipe = shown("prefect", "bash")
    again = recorder.run(governed.folder, OUT, case.name, environment, recipe=recipe)

    assert again["succeeded"]
    trace = trace_of(governed.meaning, case.plans["no-and-a-failure"])
    before = Counter(file.stem for file in (tmp_path / "before").iterdir())
    repeated = Counter(file.stem for file in log.iterdir()) - before
    assert repeated == Counter(n for n, ran in trace.tasks if ran.state is not State.SUCCESS)


def end(task: str, status: int) -> str:
    """Return how an attempt of a task of `asking` ends by the status of its answer."""
    if status in EXPECTED[task]:
        return "ok"
    return "fail" if task == "fetch" or status == NO_ANSWER else "no"


def begin(folder: Path, case: Case, plan: str) -> Path:
    """Write the plan of a case in a folder, and return the folder its tasks write in."""
    (folder / "plan.json").write_text(json.dumps(case.plans[plan]))
    (folder / "log").mkdir()
    return folder / "log"


def surroundings(folder: Path) -> dict[str, Any]:
    """Return the environment of a run that keeps its results in a folder."""
    return {
        "CONTROL_PLAN": folder / "plan.json",
        "CONTROL_LOG": folder / "log",
        "PREFECT_LOCAL_STORAGE_PATH": folder / "storage",
    }
