"""Every command and option of dbt arrives, on the real orchestrators, and does what it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest
from lanes import Recorder
from traces import assert_same, filled, meaning_of, trace_of

from pipegen import ir

PROJECT = Path(__file__).parent / "projects" / "mini_options"
NAME = "mini_options"


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, mini_dbt: Path) -> Path:
    """Return a copy of the project, beside the artefacts of a run to defer to."""
    folder = tmp_path_factory.mktemp("options") / NAME
    ignored = shutil.ignore_patterns("state", "dbt", "__pycache__")
    shutil.copytree(PROJECT, folder, ignore=ignored)
    shutil.copytree(mini_dbt, folder / "dbt")
    (folder / "state").mkdir()
    shutil.copy(mini_dbt / "target" / "manifest.json", folder / "state")
    return folder


def test_each_command_and_option_reaches_dbt(
    recorder: Recorder, project: Path, tmp_path: Path
) -> None:
    meant = meaning_of(project, NAME)
    database, log = tmp_path / "mini.duckdb", tmp_path / "log"
    environment = {"MINI_DB": str(database), "MINI_LOG": str(log), "MINI_HOST": "here"}

    seen = recorder.run(project, Path("expected") / recorder.lane.name, NAME, environment)

    expected = trace_of(meant, {})
    assert_same(seen, expected, meant, recorder.lane.native, environment)
    day = filled(ir.RunValue(ir.RunField.DATE), {})
    assert rows(database, "main.options_seen") == [(day, "it's", "eu", "stage here")]
    assert rows(database, "other.options_seen") == [("no day", "[1, True, 'x']", "nowhere", "none")]
    assert rows(database, "other.customer_report") == [(len(rows(database, "main.stg_customers")),)]
    assert rows(database, "main.rates") == [("eur", 1.0), ("usd", 1.1)]
    assert len(rows(database, "main.orders_history")) == len(rows(database, "main.stg_orders"))
    assert schemas(database) >= {"main_dbt_test__audit"}
    year, month, number = day.split("-")
    assert json.loads(log.with_name("log.note").read_text()) == {
        "text": f"{number}.{month}.{year}",
        "more": "1 two",
        "region": "us",
    }


def rows(database: Path, table: str) -> list[tuple[Any, ...]]:
    """Return the rows of a table."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.table(table).fetchall()


def schemas(database: Path) -> set[str]:
    """Return the schemas of a database: failures that are stored have one of their own."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.sql("select schema_name from information_schema.schemata").fetchall()
    return {name for (name,) in found}
