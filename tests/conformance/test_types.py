"""Generated code is typed: mypy is content with it, beside the orchestrator's own types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import EACH_LANE
from generated import generated
from lanes import ROOT, Lane

# modules of the tests' projects are elsewhere; Cosmos, prefect-dbt and a class of the provider for
# Kubernetes have no types
SETTINGS = """\
[mypy]
strict = true
disallow_subclassing_any = false
untyped_calls_exclude = airflow.providers.cncf
[mypy-cosmos.*,prefect_dbt.*]
ignore_missing_imports = true
[mypy-a.*,acme.*,dag.*,jobs.*,mini_tasks.*,shop_ingest.*,shop_out.*]
ignore_missing_imports = true
"""
CACHE = ROOT / ".mypy_cache" / "generated"
WRONG = {
    "airflow": "from airflow.sdk import Asset\n\nAsset(name=1)\n",
    "dagster": "import dagster as dg\n\ndg.AssetSpec('a', group_name=1)\n",
    "prefect": "from prefect import flow\n\nflow(name=1)\n",
    "headless": "from pathlib import Path\n\nPath(1)\n",
}


@pytest.mark.parametrize("lane", EACH_LANE)
def test_mypy_finds_nothing_in_generated_code(lane: Lane, tmp_path: Path) -> None:
    """In one run for all files, and one more that is wrong: else it looked at nothing."""
    for number, file in enumerate(generated(lane)):  # two projects may name a pipeline alike
        (tmp_path / f"of_{number}_{file.name}").write_text(file.read_text())
    (tmp_path / "wrong.py").write_text(WRONG[lane.name])
    (tmp_path / "mypy.ini").write_text(SETTINGS)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--python-executable", lane.python),
            *("--cache-dir", CACHE / lane.name, "--hide-error-context", "."),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line for line in errors if not line.startswith("wrong.py:3: ")] == []
    assert len(errors) == 1, done.stdout + done.stderr
