"""Where a person looks, in the orchestrator itself, it says what dbt said of tables and nodes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from lanes import Recorder

NAME = "mini_model"
PROJECT = Path(__file__).parent / "projects" / NAME
STALE = {"raw.orders": ["stale"], "raw.customers": ["stale"]}
"""Both tables are two days old: `load_orders` says `on_stale: block`, the other `alert`."""


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory, mini_dbt: Path) -> Path:
    folder = tmp_path_factory.mktemp("freshness") / NAME
    ignored = shutil.ignore_patterns("target", "logs", "dbt", "__pycache__")
    shutil.copytree(PROJECT, folder, ignore=ignored)
    shutil.copytree(mini_dbt, folder / "dbt")
    return folder


def test_the_orchestrator_tells_of_stale_tables_and_of_what_dbt_built(
    recorder: Recorder, project: Path, tmp_path: Path
) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text(json.dumps(STALE))
    environment = {"MINI_DB": tmp_path / "mini.duckdb", "MINI_LOG": tmp_path / "log"}

    seen = recorder.run(
        project,
        Path("expected") / recorder.lane.name,
        NAME,
        {**environment, "MINI_FAULTS": faults},
    )

    states = {name: task["state"] for name, task in seen["tasks"].items()}
    assert not seen["succeeded"]
    assert states["load_orders_freshness"] == "failed"
    assert states["load_customers_freshness"] == "success"
    TOLD[recorder.lane.name](seen["told"])


def airflow(xcom: dict[str, list[dict[str, Any]]]) -> None:
    (gate,), (alert,) = xcom["load_orders_freshness"], xcom["load_customers_freshness"]
    assert (gate["node"], gate["status"]) == ("source.mini.raw.orders", "error")
    assert (alert["node"], alert["status"]) == ("source.mini.raw.customers", "error")
    assert_built(xcom["staging.stg_customers"])
    assert xcom.keys() == {
        "load_orders_freshness",
        "load_customers_freshness",
        "staging.stg_customers",
        "marts.customer_report",
    }


def dagster(events: dict[str, dict[str, Any]]) -> None:
    for check, severity in (
        ("raw/orders: freshness", "ERROR"),
        ("raw/customers: freshness", "WARN"),
    ):
        age = events[check].pop("hours old")
        assert 48 <= age < 49
        assert events[check] == {"passed": False, "severity": severity, "status": "error"}
    assert events["stg_customers"]["Execution Duration"] > 0
    assert events["stg_customers: warn_test"]["passed"]
    assert "stg_orders" not in events


def prefect(runs: dict[str, dict[str, Any]]) -> None:
    gate, alert = runs["load_orders_freshness"], runs["load_customers_freshness"]
    assert gate["state"] == "Failed"
    assert gate["message"].endswith("stale: source.mini.raw.orders is 48.0 hours old")
    assert (alert["state"], alert["message"]) == (
        "Stale",
        "source.mini.raw.customers is 48.0 hours old",
    )
    assert_built(runs["staging.stg_customers"]["result"])


def headless(stderr: list[str]) -> None:
    assert "RuntimeError: stale: source.mini.raw.orders is 48.0 hours old" in stderr
    assert 'load_customers_freshness: "source.mini.raw.customers is 48.0 hours old"' in stderr
    said = [line.partition(": ")[2] for line in stderr if line.startswith("staging.stg_customers")]
    assert_built([json.loads(line) for line in said])


def assert_built(told: list[dict[str, Any]]) -> None:
    """Assert what is told of `stg_customers` and its test; DuckDB does not count rows."""
    assert [(each["node"].split(".")[2], each["status"]) for each in told] == [
        ("stg_customers", "success"),
        ("warn_test", "pass"),
    ]
    assert all(each["seconds"] > 0 and each["rows"] is None for each in told)


TOLD = {"airflow": airflow, "dagster": dagster, "prefect": prefect, "headless": headless}
