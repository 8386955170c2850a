"""What no pipeline of the other suites asks for, and some back ends keep."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import duckdb
import pytest
from conftest import EACH_LANE
from control import Case, Rendered, render_all
from lanes import ROOT, Recorder
from traces import trace_of

FILES = {
    "pipegen.yaml": """
        version: 1
        project: kept
        backends:
          airflow: {out: generated/airflow}
          dagster: {out: generated/dagster}
          prefect: {out: generated/prefect}
          headless: {out: generated/headless}
        dbt: {projects: {bare: {dir: dbt}, more: {dir: dbt, target: dev}}}
        """,
    "dbt/dbt_project.yml": "{name: more, profile: more}",
    "dbt/profiles.yml": """
        more:
          target: told
          outputs:
            dev: &dev
              type: duckdb
              path: "{{ env_var('MINI_DB') }}"
              keep_open: false
            told: {<<: *dev, schema: told}
        """,
    # dbt-duckdb has no functions of dbt yet: DuckDB calls them macros
    "dbt/macros/duckdb.sql": """
        {% macro duckdb__scalar_function_sql(target_relation) %}
        create or replace macro {{ target_relation.render() }}(x) as ({{ model.compiled_code }})
        {% endmacro %}
        """,
    "dbt/functions/doubled.sql": "x * 2",
    "dbt/functions/doubled.yml": """
        functions:
          - name: doubled
            arguments: [{name: x, data_type: integer}]
            returns: {data_type: integer}
        """,
    "dbt/models/called.sql": "select {{ function('doubled') }}(21) as answer",
    "dbt/models/plain.sql": "select 1 as id",
    "dbt/models/broken.sql": "select id from nowhere",
    "dbt/models/wrong.sql": "select 22 as answer",
    "dbt/models/missing.sql": "select cast(null as integer) as id",
    "dbt/models/models.yml": """
        models:
          - name: missing
            columns: [{name: id, data_tests: [{not_null: {config: {severity: warn}}}]}]
        unit_tests:
          - name: is_right
            model: wrong
            given: []
            expect: {rows: [{answer: 21}]}
        """,
}


def built(project: str = "more", **keys: object) -> dict[str, Any]:
    """Return the transforms of a pipeline: one."""
    return {"transforms": {"t": {"kind": "dbt", "project": project, **keys}}}


def sent(**keys: object) -> dict[str, Any]:
    """Return a task that waits for the transform."""
    return {"kind": "shell", "command": ["true"], "depends_on": ["t"], **keys}


PIPELINES: dict[str, dict[str, Any]] = {
    "untold": built("bare", select="plain"),
    "tested": built(select="wrong plain", expand="runtime"),
    "calling": built(select="doubled called", expand="runtime"),
    "stored": built(select="missing", expand="runtime", store_failures=True),
    "parts": {
        **built(select="broken", expand="runtime", allow_failure=True),
        "activations": {
            "send": sent(),
            "any": sent(run_if="one_success"),
            "always": sent(run_if="all_done"),
        },
    },
}


def on(*names: str) -> pytest.MarkDecorator:
    """Return the lanes of the back ends that keep something."""
    lanes = [lane for lane in EACH_LANE if lane.id in names]
    return pytest.mark.parametrize("recorder", lanes, indirect=True)


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rendered]:
    """Return the pipelines above, written for each back end that keeps what they use."""
    folder = tmp_path_factory.mktemp("kept")
    for name, text in FILES.items():
        path = folder / "prepared" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    command = [sys.executable, ROOT / "tests" / "manifests.py", folder / "prepared"]
    subprocess.run(command, check=True)
    cases = [Case(name, spec, {}, {}, {}) for name, spec in PIPELINES.items()]
    return render_all(cases, folder / "project", folder / "prepared")


def run(recorder: Recorder, rendered: Rendered, folder: Path) -> dict[str, Any]:
    """Run a pipeline, and return what was seen."""
    environment = {"MINI_DB": folder / "mini.duckdb"}
    out = Path("generated", recorder.lane.name)
    return recorder.run(rendered.folder, out, rendered.meaning.name, environment)


def found(folder: Path, question: str) -> list[tuple[Any, ...]]:
    """Return what the database answers."""
    with duckdb.connect(str(folder / "mini.duckdb"), read_only=True) as connection:
        return connection.sql(question).fetchall()


@on("dagster", "prefect", "headless")
def test_a_dbt_project_may_leave_the_target_to_its_profile(
    recorder: Recorder, kept: dict[str, Rendered], tmp_path: Path
) -> None:
    assert run(recorder, kept["untold"], tmp_path)["succeeded"]
    assert found(tmp_path, "from told.plain") == [(1,)]


@pytest.mark.lab
@on("airflow", "dagster")
def test_a_unit_test_that_fails_fails_the_run(
    recorder: Recorder, kept: dict[str, Rendered], tmp_path: Path
) -> None:
    assert not run(recorder, kept["tested"], tmp_path)["succeeded"]
    assert found(tmp_path, "select table_name from information_schema.tables") == [("plain",)]


@pytest.mark.lab
@on("dagster")
def test_a_function_is_built_before_what_calls_it(
    recorder: Recorder, kept: dict[str, Rendered], tmp_path: Path
) -> None:
    assert run(recorder, kept["calling"], tmp_path)["succeeded"]
    assert found(tmp_path, "from main.called") == [(42,)]


@pytest.mark.lab
@on("airflow", "dagster")
def test_rows_that_a_test_refuses_are_stored(
    recorder: Recorder, kept: dict[str, Rendered], tmp_path: Path
) -> None:
    assert run(recorder, kept["stored"], tmp_path)["succeeded"]
    schemas = found(tmp_path, "select schema_name from information_schema.schemata")
    assert ("main_dbt_test__audit",) in schemas


@pytest.mark.lab
@on("prefect")
def test_what_prefect_expands_may_fail_as_one_task(
    recorder: Recorder, kept: dict[str, Rendered], tmp_path: Path
) -> None:
    expected = trace_of(kept["parts"].meaning, {"broken": ["fail"]})

    seen = run(recorder, kept["parts"], tmp_path)

    assert seen["succeeded"] is expected.succeeded is True
    assert {name: (task["state"], task["attempts"]) for name, task in seen["tasks"].items()} == {
        name: (ran.state.value, ran.attempts) for name, ran in expected.tasks
    }
