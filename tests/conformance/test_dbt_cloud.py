"""Jobs in dbt Cloud: what each back end asks of the API, and what a run of it comes to.

The committed files run on the real orchestrators, with their official clients, against a fake
of the API. Only how often they look at a run is changed in them.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from fake_dbt_cloud import CANCELLED, ERROR, SUCCESS, TOKEN, FakeDbtCloud, self_signed, serving
from lanes import ROOT, Recorder
from traces import assert_same, meaning_of

from pipegen import ir, semantics
from pipegen.semantics import End

PROJECT = Path(__file__).parent / "projects" / "cloud"
STAGING, MARTS, DOCS = 1, 2, 3
JOBS = {"staging": STAGING, "marts": MARTS, "docs": DOCS}
CASES: dict[str, Mapping[int, list[str]]] = {
    "all-green": {},
    "a-job-fails-once": {STAGING: ["fail", "ok"]},
    "a-job-fails-for-good": {STAGING: ["fail"]},
    "a-job-with-steps-of-its-task-fails-once": {MARTS: ["fail", "ok"]},
    "a-job-does-not-end": {DOCS: ["hang"]},
}
ENDS = {"ok": SUCCESS, "fail": ERROR, "hang": CANCELLED}
POLLS = {"airflow": "check_interval=10"}

meaning = cache(meaning_of)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the project in which nobody waits for long between two looks."""
    copy = tmp_path_factory.mktemp("projects") / "cloud"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in copy.glob("expected/*/*/pg_cloud.py"):
        text, poll = file.read_text(), POLLS.get(file.parts[-3], "DBT_CLOUD_POLL = 10")
        assert poll in text
        file.write_text(text.replace(poll, poll.replace("10", "0.1")))
    return copy


def surroundings(url: str, certificate: Path) -> dict[str, object]:
    """Return the environment that leads to a fake."""
    trusted = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"), certificate)
    return {"CLOUD_URL": url, "CLOUD_TOKEN": TOKEN, "CLOUD_JOB": MARTS, **trusted}


@pytest.mark.turns
@pytest.mark.parametrize("case", CASES)
def test_a_run_is_what_the_semantics_define(
    recorder: Recorder, project: Path, certificate: Path, case: str
) -> None:
    plan, lane = CASES[case], recorder.lane.name
    meant = meaning(PROJECT, "cloud")
    expected = semantics.run(
        meant, lambda task, attempt: End.OK if ends(plan, task, attempt) == "ok" else End.FAIL
    )
    days = {today()}
    fake = FakeDbtCloud(plan)
    with serving(fake, certificate) as url:
        environment = surroundings(url, certificate)
        seen = recorder.run(project, Path("expected", lane), "cloud", environment)
    days.add(today())

    assert_same(seen, expected, meant, recorder.lane.native)
    assert fake.refused == []
    for name, ran in expected.tasks:
        if name in JOBS:
            outcomes = [ends(plan, meant.task(name), k) for k in range(1, ran.attempts + 1)]
            found = [(run.how, run.states, run.body) for run in fake.of(JOBS[name])]
            assert found in [
                [
                    (way, [ENDS[outcome]], body(lane, name, way, day))
                    for way, outcome in zip(ways(lane, name), outcomes, strict=False)
                ]
                for day in days
            ]


def test_a_service_that_is_away_for_a_moment_fails_nothing(
    recorder: Recorder, project: Path, certificate: Path
) -> None:
    """Airflow's provider asks again where it has no answer, but not where that is an error."""
    faults = (0,) if recorder.lane.name == "airflow" else (0, 503)
    fake = FakeDbtCloud(faults=faults)
    with serving(fake, certificate) as url:
        environment = surroundings(url, certificate)
        seen = recorder.run(project, Path("expected", recorder.lane.name), "cloud", environment)
    assert seen["succeeded"]
    assert [(run.job, run.states) for run in sorted(fake.runs, key=lambda run: run.job)] == [
        (job, [SUCCESS]) for job in JOBS.values()
    ]


def test_a_wrong_token_fails_the_task_and_is_sent_nowhere_else(
    recorder: Recorder, project: Path, certificate: Path
) -> None:
    fake = FakeDbtCloud()
    with serving(fake, certificate) as url:
        environment = surroundings(url, certificate) | {"CLOUD_TOKEN": "another"}
        seen = recorder.run(project, Path("expected", recorder.lane.name), "cloud", environment)
    assert seen["tasks"]["staging"]["state"] == "failed"
    assert fake.runs == []
    asked = {line.split()[1].rstrip("/") for line in fake.refused}
    assert "/api/v2/accounts/12/jobs/1/run" in asked


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param([sys.executable, "{headless}/run/pg_cloud.py"], 130, id="headless"),
        pytest.param(
            [
                *(str(ROOT / ".venv/dagster/bin/dagster"), "job", "execute"),
                *("-f", "{dagster}/defs/pg_cloud.py", "-j", "cloud"),
            ],
            1,
            id="dagster",
            marks=pytest.mark.xdist_group("dagster"),
        ),
    ],
)
def test_who_interrupts_a_run_cancels_the_job(
    project: Path, certificate: Path, tmp_path: Path, command: list[str], code: int
) -> None:
    fake = FakeDbtCloud({DOCS: ["hang"]})
    outs = {lane: project / "expected" / lane for lane in ("headless", "dagster")}
    with serving(fake, certificate) as url, (tmp_path / "log").open("wb") as log:
        given = {name: str(value) for name, value in surroundings(url, certificate).items()}
        running = subprocess.Popen(
            [word.format(**outs) for word in command],
            cwd=tmp_path,
            env={**os.environ, **given},
            stdout=log,
            stderr=log,
        )
        try:
            assert fake.hanging.wait(timeout=90)
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=60) == code
        finally:
            running.kill()
            running.wait()
    assert [run.states for run in fake.of(DOCS)] == [[CANCELLED]]


@pytest.mark.xdist_group("prefect")
def test_who_cancels_a_flow_run_of_prefect_cancels_the_job(
    project: Path, certificate: Path, tmp_path: Path
) -> None:
    """Prefect ends no thread: the task looks at its flow run, and fails."""
    fake = FakeDbtCloud({STAGING: ["hang"]})
    file = project / "expected" / "prefect" / "flows" / "pg_cloud.py"
    with serving(fake, certificate) as url, (tmp_path / "log").open("wb") as log:
        given = {name: str(value) for name, value in surroundings(url, certificate).items()}
        running = subprocess.Popen(
            [
                ROOT / ".venv/prefect/bin/python",
                Path(__file__).with_name("cancel_prefect.py"),
                file,
            ],
            cwd=tmp_path,
            env={**os.environ, **given, "DO_NOT_TRACK": "1"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            assert running.stdin
            assert fake.hanging.wait(timeout=150)
            running.stdin.close()
            assert running.wait(timeout=60) == 0, (tmp_path / "log").read_text()[-3000:]
        finally:
            running.kill()
            running.wait()
    assert {run.states[0] for run in fake.runs} == {CANCELLED}


def ends(plan: Mapping[int, list[str]], task: ir.Task, attempt: int) -> str:
    """Return how an attempt of a task ends."""
    outcomes = plan.get(JOBS.get(task.name, 0), ["ok"])
    return outcomes[min(attempt, len(outcomes)) - 1]


def today() -> str:
    return datetime.now(UTC).strftime("%d.%m.%Y")


def body(lane: str, name: str, way: str, day: str) -> dict[str, object]:
    """Return what a run is started with."""
    if way == "rerun":
        return {}
    reason = "Triggered by dagster." if lane == "dagster" else f"pipegen: cloud.{name}"
    given: dict[str, object] = {"cause": reason}
    if name == "marts":
        built = f"dbt build --select tag:marts --vars '{{day: {day}}}'"
        given["steps_override"] = ["dbt seed", built]
    return given


def ways(lane: str, name: str) -> list[str]:
    """Return how the runs of a task are started; dagster-dbt's client can resume none."""
    return ["run", "rerun" if name == "staging" and lane != "dagster" else "run"]
