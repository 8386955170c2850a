"""Parameters arrive in every task as what they are: defaults, and what a run is started with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from lanes import Recorder, RecorderError
from traces import filled

from pipegen import ir

PROJECT = Path(__file__).parent / "projects" / "mini_params"
NAME = "mini_params"
TEXT = """it's "{{ x }}" ${x} {y} \\n é😀"""
GIVEN: dict[str, Any] = {
    "day": "2024-02-29",
    "since": "2023-12-31",
    "label": "",
    "text": "{{ params.limit }} '{% raw %}' \"\\t\" 日本 😀",
    "limit": -3,
    "share": 0.25,
    "full_refresh": True,
}
REFUSED = {
    "airflow": "ParamValidationError",
    "dagster": "DagsterInvalidConfigError",
    "prefect": "ParameterTypeError|validation",
    "headless": "SystemExit: 2",
}


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, mini_dbt: Path) -> Path:
    """Return a copy of the project."""
    folder = tmp_path_factory.mktemp("params") / NAME
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("dbt", "__pycache__"))
    shutil.copytree(mini_dbt, folder / "dbt")
    return folder


def run(
    recorder: Recorder, project: Path, folder: Path, **params: object
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run the pipeline, and return what was seen and what its tasks wrote down, by task."""
    log = folder / "log"
    environment = {"MINI_DB": str(folder / "mini.duckdb"), "MINI_LOG": str(log)}
    out = Path("expected") / recorder.lane.name
    seen = recorder.run(project, out, NAME, environment, params=params)
    assert seen["succeeded"], f"{seen}\n{recorder.tail()}"
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return seen, {line["task"]: line for line in lines}


def asked(seen: dict[str, Any], command: str) -> list[str]:
    """Return the one invocation of dbt with this command."""
    [argv] = [argv for argv in seen["dbt"] if command in argv]
    return list(argv)


def mapping(argv: list[str], option: str) -> Any:
    return yaml.safe_load(argv[argv.index(option) + 1])


def seen_row(folder: Path) -> Any:
    with duckdb.connect(str(folder / "mini.duckdb"), read_only=True) as connection:
        [row] = connection.table("main.options_seen").fetchall()
    return row


def test_defaults_arrive_with_their_types(
    recorder: Recorder, project: Path, tmp_path: Path
) -> None:
    seen, told = run(recorder, project, tmp_path)

    day = filled(ir.RunValue(ir.RunField.DATE), {})
    year, month, number = day.split("-")
    assert told["note_params"]["told"] == {
        "day": day,
        "since": "2026-01-31",
        "label": f"day {number}.{month}.{year}",
        "text": TEXT,
        "limit": 10,
        "share": 1.0,
        "full_refresh": False,
        "keyword": "reserved",
        "month": f"{month}.{year}",
        "sentence": f"up to 10 of {TEXT} since 2026",
    }
    types = told["note_params"]["types"]
    assert (types["limit"], types["share"], types["full_refresh"]) == ("int", "float", "bool")
    assert told["shell_params"]["words"] == ["10", TEXT, f"{year}{month}{number}"]
    assert told["shell_params"]["share"] == "1.0"
    assert not any("--full-refresh" in argv for argv in seen["dbt"])
    assert mapping(asked(seen, "options_seen"), "--vars") == {
        "day": day,
        "fixed": [10, False, TEXT],
    }
    assert seen_row(tmp_path)[0:3:2] == (day, "10")
    assert mapping(asked(seen, "run-operation"), "--args") == {"text": day, "more": [10, "at 1.0"]}


def test_a_run_is_given_others(recorder: Recorder, project: Path, tmp_path: Path) -> None:
    seen, told = run(recorder, project, tmp_path, **GIVEN)

    assert told["note_params"]["told"] == {
        **GIVEN,
        "keyword": "reserved",
        "month": "02.2024",
        "sentence": f"up to -3 of {GIVEN['text']} since 2023",
    }
    assert told["shell_params"]["words"] == ["-3", GIVEN["text"], "20240229"]
    assert told["shell_params"]["share"] == "0.25"
    assert "--full-refresh" in asked(seen, "seed")
    assert "--full-refresh" in asked(seen, "stg_orders")
    assert "--full-refresh" not in asked(seen, "options_seen")
    fixed = [-3, True, GIVEN["text"]]
    assert mapping(asked(seen, "options_seen"), "--vars") == {"day": "2024-02-29", "fixed": fixed}
    assert mapping(asked(seen, "stg_orders"), "--vars") == {"fixed": -3}
    assert seen_row(tmp_path)[:3] == ("2024-02-29", str(fixed), "-3")


@pytest.mark.parametrize("wrong", [{"limit": "many"}, {"full_refresh": "perhaps"}], ids=str)
def test_a_value_of_another_type_is_refused(
    recorder: Recorder, project: Path, tmp_path: Path, wrong: dict[str, str]
) -> None:
    with pytest.raises(RecorderError, match=REFUSED[recorder.lane.name]):
        run(recorder, project, tmp_path, **wrong)
    assert not (tmp_path / "log").exists()
