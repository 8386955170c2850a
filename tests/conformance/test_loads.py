"""Generated files load: without network, user code, environment or warnings of deprecation."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from conftest import EACH_LANE
from lanes import ROOT, Lane

CASES = ROOT / "tests" / "snapshot" / "cases"
GUARD = """
import runpy, socket, sys, warnings

def refuse(*_: object, **__: object) -> None:
    raise AssertionError("a generated file wants the network when it is loaded")

socket.socket.connect = refuse
before = set(sys.modules)
for file in sys.argv[1:]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        runpy.run_path(file)
    ours = [str(w.message) for w in told if w.filename == file]
    assert not ours, ours
    assert not {"acme", "acme.fetch"} & set(sys.modules)
    print("loaded", file)
"""


@pytest.mark.parametrize("lane", EACH_LANE)
def test_every_file_of_the_cases_loads(lane: Lane, tmp_path: Path) -> None:
    files = sorted(CASES.glob(f"*/expected/{lane.name}/*/pg_*.py"))
    assert len(files) >= 3
    environment = {
        "PATH": f"{lane.python.parent}{os.pathsep}{os.defpath}",
        "HOME": str(tmp_path),
        "AIRFLOW_HOME": str(tmp_path),
        "DO_NOT_TRACK": "1",
    }
    done = subprocess.run(
        [lane.python, "-c", GUARD, *files],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("loaded ") == len(files)
