"""What an orchestrator's own tool makes of dbt keeps what a pipeline promises outside of dbt.

The tool makes the tasks inside as it likes. The others end as `granularity: step` says, the
run does, and dbt builds what is not below a failure.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import EACH_LANE
from lanes import Recorder, RecorderError
from traces import filled, meaning_of, trace_of

from pipegen import ir

PROJECTS = Path(__file__).parent / "projects"
NAMES = ("mini_runtime", "mini_decided", "mini_expand", "mini_expand_pair")
STAGING = {"stg_orders", "stg_customers", "error_test", "warn_test"}
MARTS = {"orders_enriched", "order_report", "customer_report"}
CASES: dict[str, tuple[dict[str, list[str]], set[str]]] = {
    "mart-fails": ({"order_report": ["fail"]}, STAGING | MARTS),
}
MORE: dict[str, tuple[dict[str, list[str]], set[str]]] = {
    "all-green": ({}, STAGING | MARTS),
    "error-test-fails": ({"error_test": ["fail"]}, STAGING),
    "error-test-fails-once": ({"error_test": ["fail", "ok"]}, STAGING | MARTS),
    "warn-test-fails": ({"warn_test": ["fail"]}, STAGING | MARTS),
    "staging-model-fails-once": ({"stg_orders": ["fail", "ok"]}, STAGING | MARTS),
    "staging-model-fails": ({"stg_orders": ["fail"]}, STAGING - {"error_test"}),
    "orders-are-stale": ({"raw.orders": ["stale"]}, set()),
}
"""What goes wrong, and the nodes and tests that dbt tries; `MORE` is for `make lab`."""

DECIDED: dict[str, tuple[dict[str, list[str]], set[str]]] = {
    "check-says-no": ({"is_open": ["no"]}, STAGING),
}
LATER: dict[str, tuple[dict[str, list[str]], set[str]]] = {
    "check-says-yes": ({}, STAGING | MARTS),
    "staging-fails-once": ({"stg_orders": ["fail", "ok"]}, STAGING | MARTS),
    "load-fails": ({"load_orders": ["fail"]}, set()),
    "mart-fails": ({"order_report": ["fail"]}, STAGING | MARTS),
}
"""The same where a check, a `run_if` and a pool govern the transforms."""


def on(*without: str) -> pytest.MarkDecorator:
    """Return the lanes with a tool for dbt, but for some."""
    lanes = [lane for lane in EACH_LANE if lane.id not in ("headless", *without)]
    return pytest.mark.parametrize("recorder", lanes, indirect=True)


@pytest.fixture(scope="session")
def projects(tmp_path_factory: pytest.TempPathFactory, mini_dbt: Path) -> Path:
    """Return copies of the projects, one of them beside the artefacts of a run to defer to."""
    folder = tmp_path_factory.mktemp("expand")
    for name in NAMES:
        ignored = shutil.ignore_patterns("dbt", "__pycache__")
        shutil.copytree(PROJECTS / name, folder / name, ignore=ignored)
        shutil.copytree(mini_dbt, folder / name / "dbt")
    (folder / "mini_expand" / "state").mkdir()
    shutil.copy(mini_dbt / "target" / "manifest.json", folder / "mini_expand" / "state")
    return folder


@on()
@pytest.mark.turns
@pytest.mark.parametrize(
    "case", [*CASES, *(pytest.param(case, marks=pytest.mark.lab) for case in MORE)]
)
def test_what_is_outside_dbt_ends_as_if_it_were_one_step(
    recorder: Recorder, projects: Path, case: str, tmp_path: Path
) -> None:
    plan, tried = (CASES | MORE)[case]
    assert_kept(recorder, projects / "mini_runtime", plan, tmp_path)
    assert elements(tmp_path) == tried


@on("dagster")
@pytest.mark.turns
@pytest.mark.parametrize(
    "case", ["check-says-no", *(pytest.param(case, marks=pytest.mark.lab) for case in LATER)]
)
def test_what_decides_around_dbt_decides_for_all_of_it(
    recorder: Recorder, projects: Path, case: str, tmp_path: Path
) -> None:
    plan, tried = (DECIDED | LATER)[case]
    assert_kept(recorder, projects / "mini_decided", plan, tmp_path)
    assert elements(tmp_path) == tried


@pytest.mark.lab
@on("prefect")
def test_a_test_of_what_another_transform_builds_holds_readers_back(
    recorder: Recorder, projects: Path, tmp_path: Path
) -> None:
    assert_kept(recorder, projects / "mini_expand_pair", {"pair_test": ["fail"]}, tmp_path)
    assert elements(tmp_path) >= STAGING | {"pair_test"}


@pytest.mark.lab
@on()
def test_what_a_transform_says_reaches_dbt(
    recorder: Recorder, projects: Path, tmp_path: Path
) -> None:
    database = tmp_path / "mini.duckdb"
    project = projects / "mini_expand"

    assert_kept(recorder, project, {}, tmp_path, MINI_DIR=project / "dbt")

    day = filled(ir.RunValue(ir.RunField.DATE), {})
    assert rows(database, "main.options_seen") == [(day, "it's", "eu", "none")]
    assert rows(database, "other.options_seen") == [("no day", "[1, True, 'x']", "nowhere", "none")]
    assert rows(database, "other.customer_report") == [(len(rows(database, "main.stg_customers")),)]
    assert rows(database, "main.rates") == [("eur", 1.0), ("usd", 1.1)]
    models = {"stg_orders", "stg_customers", *MARTS, "options_seen"}
    assert elements(tmp_path) == models


@pytest.mark.lab
@on()
def test_a_model_that_was_added_since_is_built(
    recorder: Recorder, projects: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(projects / "mini_runtime", tmp_path / "mini_runtime")
    added = project / "dbt" / "models" / "marts" / "added.sql"
    added.write_text("select * from {{ ref('order_report') }}")
    parse(project / "dbt")

    seen = run(recorder, project, {}, tmp_path)

    assert seen["succeeded"]
    assert elements(tmp_path) == STAGING | MARTS | {"added"}


@on()
def test_a_selection_that_finds_nothing_any_more_lets_no_reader_run(
    recorder: Recorder, projects: Path, tmp_path: Path
) -> None:
    project = shutil.copytree(projects / "mini_runtime", tmp_path / "mini_runtime")
    settings = project / "dbt" / "dbt_project.yml"
    settings.write_text(settings.read_text().replace("+tags: marts", "+tags: other"))
    parse(project / "dbt")

    if recorder.lane.name == "airflow":
        with pytest.raises(RecorderError, match="Cosmos finds nothing that marts selects"):
            run(recorder, project, {}, tmp_path)
        return
    seen = run(recorder, project, {}, tmp_path)
    assert not seen["succeeded"]
    assert seen["tasks"]["marts"]["state"] == "failed"
    assert seen["tasks"]["push_orders"]["state"] == "upstream_failed"


def parse(folder: Path) -> None:
    """Make the manifest of a dbt project again."""
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "parse", "--profiles-dir", "."],
        cwd=folder,
        env={**os.environ, "MINI_DB": "mini.duckdb", "MINI_LOG": "log", "DO_NOT_TRACK": "1"},
        check=True,
    )


def assert_kept(
    recorder: Recorder,
    project: Path,
    plan: dict[str, list[str]],
    folder: Path,
    **environment: object,
) -> None:
    """Run a project by a plan; assert that all outside of dbt ends as it means."""
    meaning = meaning_of(project, project.name)
    expected = trace_of(meaning, plan)

    seen = run(recorder, project, plan, folder, **environment)

    native = recorder.lane.native
    outside = [task.name for task in meaning.tasks if not is_expanded(task)]
    assert {name: told(seen, native(name)) for name in outside} == {
        name: (ran.state.value, ran.attempts) for name, ran in expected.tasks if name in outside
    }
    assert seen["succeeded"] == expected.succeeded
    for before, after in expected.order:
        if before in outside and after in outside:
            first, then = seen["tasks"][native(before)], seen["tasks"][native(after)]
            assert first["ended"] <= then["started"]


def run(
    recorder: Recorder,
    project: Path,
    plan: dict[str, list[str]],
    folder: Path,
    **environment: object,
) -> dict[str, Any]:
    """Run the pipeline of a project by a plan, with its database and its log in a folder."""
    faults = folder / "faults.json"
    faults.write_text(json.dumps(plan))
    known = {"MINI_DB": folder / "mini.duckdb", "MINI_FAULTS": faults, "MINI_LOG": folder / "log"}
    out = Path("expected") / recorder.lane.name
    return recorder.run(project, out, project.name, {**known, **environment})


def elements(folder: Path) -> set[str]:
    """Return the models and tests that dbt tried."""
    return {marker.name.split(".")[1] for marker in folder.glob("log.*.json")}


def rows(database: Path, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.table(table).fetchall()


def is_expanded(task: ir.Task) -> bool:
    """Whether the orchestrator's own tool makes the tasks of one."""
    return isinstance(task.action, ir.Dbt) and task.action.is_expanded


def told(seen: dict[str, dict[str, dict[str, object]]], name: str) -> tuple[object, object]:
    """Return the state of a task and its attempts, as the orchestrator tells them."""
    return seen["tasks"][name]["state"], seen["tasks"][name]["attempts"]
