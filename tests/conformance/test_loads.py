"""Generated files load: in peace, on their own, and with nothing that is slow or the user's.

That is each file of every example, snapshot and project of this suite, in the environment of its
orchestrator and without the modules of its user.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import EACH_LANE
from generated import PROJECTS, generated
from lanes import LANES, ROOT, Lane

AIRFLOW, DAGSTER, PREFECT, HEADLESS = LANES
DBT_PROJECTS = (
    "tests/conformance/projects/mini_model",
    "tests/conformance/projects/wide_model",
    "examples/shop",
)
"""Where the dbt projects are that others have links to."""
LOAD = """
import importlib, json, runpy, sys, warnings

LOADING = []
FORBIDDEN = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
             "socket.sendmsg", "subprocess.Popen", "os.system", "os.fork", "os.posix_spawn")

def refuse(event, args):
    if LOADING and event in FORBIDDEN:
        raise AssertionError(f"{event}: a file starts something when it is loaded")

sys.addaudithook(refuse)
DEPRECATIONS = (DeprecationWarning, PendingDeprecationWarning, FutureWarning)
files, modules, heavy = json.loads(sys.argv[1])
for module in modules:  # what an orchestrator does when it is imported is none of ours
    importlib.import_module(module)
for file in files:
    LOADING.append(file)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        defined = runpy.run_path(file)
    LOADING.clear()
    ours = [
        f"{w.category.__name__}: {w.message}"
        for w in told
        if w.filename == file or issubclass(w.category, DEPRECATIONS)
    ]
    assert not ours, (file, ours)
    found = set(heavy) & {name.partition(".")[0] for name in sys.modules}
    assert not found, (file, found)
    print("loaded", file)
"""
AT_TOP = {
    "airflow": {"airflow", "cosmos", "pendulum"},
    "dagster": {"dagster", "dagster_dbt", "httpx", "pydantic"},
    "prefect": {"prefect", "httpx", "pydantic"},
    "headless": {"httpx"},
}
"""What a file may import when it is loaded, beside Python's own library: no dbt, no data frames,
nothing of the user's; and in a DAG file, which Airflow loads all the time, no client either."""
ITSELF = {
    "airflow": ("airflow.sdk", "cosmos.operators.kubernetes", "croniter"),
    "dagster": ("dagster", "dagster_dbt"),
    "prefect": ("prefect",),
    "headless": (),
}
HEAVY = {
    # dagster-dbt imports dbt for a file that has a step of it, and pandas if it is there
    "dagster": ("duckdb", "polars"),
    "airflow": ("dbt", "duckdb", "pandas", "polars", "numpy"),
    "prefect": ("dbt", "duckdb", "pandas", "polars", "numpy"),
    "headless": ("dbt", "duckdb", "pandas", "polars", "numpy"),
}
"""What takes seconds to import and is not there once the files are loaded."""


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the modules that are imported when a file is loaded: outside functions."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, level=level):
                yield "." * level + (module or "")
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                continue
            case _:
                yield from imported(child)


def strange(file: Path, lane: Lane) -> list[str]:
    """Return what a file may not import at its top level."""
    modules = imported(ast.parse(file.read_text()))
    allowed = AT_TOP[lane.name] | sys.stdlib_module_names
    return [module for module in modules if module.partition(".")[0] not in allowed]


def loaded(
    lane: Lane, files: list[Path], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Load files in a process of the lane, one after the other."""
    given = json.dumps([[str(file) for file in files], ITSELF[lane.name], HEAVY[lane.name]])
    return subprocess.run(
        [lane.python, "-c", LOAD, given],
        env={
            "PATH": f"{lane.python.parent}{os.pathsep}{os.defpath}",
            "HOME": str(folder),
            "AIRFLOW_HOME": str(folder),
            "DO_NOT_TRACK": "1",
            **(environment or {}),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the projects into a folder, and parse what dbt projects they have."""
    root = tmp_path_factory.mktemp("parsed")
    for each in PROJECTS:
        for folder in ROOT.glob(each):
            made = shutil.ignore_patterns("target", "logs", "__pycache__")
            shutil.copytree(folder, root / folder.relative_to(ROOT), symlinks=True, ignore=made)
    for name in DBT_PROJECTS:
        command = [sys.executable, ROOT / "tests" / "manifests.py", root / name]
        subprocess.run(command, check=True)
    return root


@pytest.mark.parametrize("lane", EACH_LANE)
def test_every_file_loads(lane: Lane, parsed: Path, tmp_path: Path) -> None:
    """With manifests: dagster-dbt and Cosmos read them for a step, and for `expand: runtime`."""
    files = generated(lane, parsed)
    done = loaded(lane, files, tmp_path, {"MINI_DIR": str(parsed / DBT_PROJECTS[0] / "dbt")})
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("loaded ") == len(files)


@pytest.mark.parametrize("lane", EACH_LANE)
def test_a_file_imports_its_orchestrator_and_no_more(lane: Lane) -> None:
    assert {file.name: found for file in generated(lane) if (found := strange(file, lane))} == {}


DEPRECATED = """\
import dagster as dg

@dg.asset(auto_materialize_policy=dg.AutoMaterializePolicy.eager())
def orders() -> None: ...
"""
BROKEN = {
    "error": (HEADLESS, "raise ValueError('broken')\n", "ValueError: broken"),
    "deprecated": (DAGSTER, DEPRECATED, "DeprecationWarning: "),
    "network": (
        HEADLESS,
        "import socket\n\nsocket.create_connection(('127.0.0.1', 9))\n",
        "a file starts something",
    ),
    "name": (HEADLESS, "import socket\n\nsocket.gethostbyname('localhost')\n", "gethostbyname"),
    "process": (HEADLESS, "import subprocess\n\nsubprocess.run(['true'])\n", "subprocess.Popen"),
    "heavy": (HEADLESS, "__import__('dbt.version')\n", "{'dbt'}"),
}


@pytest.mark.parametrize(("lane", "text", "told"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_does_not_load_in_peace_is_noticed(
    lane: Lane, text: str, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "pg_broken.py"
    file.write_text(text)
    done = loaded(lane, [file], tmp_path)
    assert done.returncode != 0
    assert told in done.stderr


@pytest.mark.parametrize(
    "text",
    [
        "import acme.fetch\n",
        "from dbt.cli.main import dbtRunner\n",
        "import pandas as pd\n",
        "import httpx\n",
        "try:\n    import numpy\nexcept ImportError:\n    pass\n",
        "class Task:\n    from acme import fetch\n",
        "from . import beside\n",
    ],
)
def test_an_import_that_a_dag_file_may_not_have_is_noticed(text: str, tmp_path: Path) -> None:
    file = tmp_path / "pg_broken.py"
    file.write_text(text)
    assert len(strange(file, AIRFLOW)) == 1
    file.write_text("def work() -> None:\n" + textwrap.indent(text, "    "))
    assert strange(file, AIRFLOW) == []
