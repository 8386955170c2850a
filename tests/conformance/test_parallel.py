"""DuckDB takes one writing process at a time: no task fails for it, however many run at once.

The shop, both pipelines on one file, each transform one task per node. Nobody retries: that its
tasks get through is due to `keep_open` and `retries` in dbt/profiles.yml, and to the patience of
its own code.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest
import yaml
from lanes import LANES, ROOT, Lane, Recorder
from traces import assert_same, meaning_of, trace_of

from pipegen import ir

HERE = Path(__file__).parent
BY_NAME = {lane.name: lane for lane in LANES}
PREFECT = pytest.param(BY_NAME["prefect"], id="prefect", marks=pytest.mark.xdist_group("prefect"))


class Ran(NamedTuple):
    """What became of a task or step."""

    name: str
    state: str
    attempts: int
    started: float | str
    ended: float | str


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the shop in small tasks, which posts nothing."""
    copy = tmp_path_factory.mktemp("parallel") / "shop"
    ignored = shutil.ignore_patterns("target", "logs", "exports", "*.duckdb")
    shutil.copytree(ROOT / "examples" / "shop", copy, ignore=ignored)
    for file in (copy / "pipelines").iterdir():
        spec = yaml.safe_load(file.read_text())
        spec["activations"].pop("announce", None)
        for transform in spec["transforms"].values():
            transform["granularity"] = "model"
        file.write_text(yaml.safe_dump(spec))
    dbt = [Path(sys.executable).with_name("dbt"), "--quiet", "parse", "--profiles-dir", "."]
    subprocess.run(dbt, cwd=copy / "dbt", check=True)
    subprocess.run([sys.executable, "-m", "pipegen", "render"], cwd=copy, check=True)
    return copy


@pytest.mark.parametrize("recorder", [PREFECT], indirect=True)
def test_threads_of_a_flow_take_turns(recorder: Recorder, shop: Path, tmp_path: Path) -> None:
    meaning = meaning_of(shop, "daily_sales")
    environment = {"SHOP_DB": tmp_path / "shop.duckdb"}

    seen = recorder.run(shop, Path("generated/prefect"), "daily_sales", environment)

    trace = trace_of(meaning, {})
    assert_same(seen, trace, meaning, recorder.lane.native)
    times = [(task["started"], task["ended"]) for task in seen["tasks"].values()]
    assert any(one[0] < other[0] < one[1] for one in times for other in times)


@pytest.mark.lab
@pytest.mark.parametrize(
    ("lane", "argument"),
    [
        pytest.param(BY_NAME["airflow"], "dags", id="airflow-local-executor"),
        pytest.param(BY_NAME["dagster"], "definitions.py", id="dagster-multiprocess-executor"),
    ],
)
def test_processes_wait_for_each_other(
    lane: Lane, argument: str, shop: Path, tmp_path: Path
) -> None:
    database = tmp_path / "shop.duckdb"

    ran = live(lane, shop / "generated" / lane.name / argument, shop, database)

    actions = {
        lane.native(f"{pipeline}.{task.name}"): task.action
        for pipeline in ("daily_sales", "hourly_catalog")
        for task in meaning_of(shop, pipeline).tasks
    }
    assert {task.name for task in ran} == actions.keys()
    assert {(task.state, task.attempts) for task in ran} == {("success", 1)}
    dbt = [task for task in ran if isinstance(actions[task.name], ir.Dbt)]
    assert any(one.started < other.started < one.ended for one in dbt for other in dbt)
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = {name for (name,) in connection.execute("show tables").fetchall()}
    assert {"fct_orders", "dim_customers", "fct_daily_revenue", "dim_products"} <= tables


def live(lane: Lane, argument: Path, project: Path, database: Path) -> list[Ran]:
    """Run both pipelines of a project at once on a live orchestrator."""
    environment = {
        **os.environ,
        "PATH": f"{lane.python.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project),
        "SHOP_DB": str(database),
        "DO_NOT_TRACK": "1",
        "DAGSTER_DISABLE_TELEMETRY": "1",
    }
    done = subprocess.run(
        [lane.python, HERE / f"live_{lane.name}.py", argument],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    return [Ran(*row) for row in json.loads(done.stdout.splitlines()[-1])]
