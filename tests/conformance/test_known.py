"""What is known to fail must fail: what has been mended is taken off the list."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CONFTEST = """
from types import SimpleNamespace

import pytest
from known import mark


@pytest.fixture(params=[SimpleNamespace(name="one"), SimpleNamespace(name="two")])
def recorder(request):
    return request.param


def pytest_collection_modifyitems(items):
    mark(items, {"one/case/plan": "because"})
"""
TESTS = """
import pytest


@pytest.mark.parametrize(("name", "plan"), [("case", "plan"), ("case", "other")])
def test_it(recorder, name, plan):
    BODY
"""


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            "assert (recorder.name, plan) != ('one', 'plan')", "3 passed, 1 xfailed", id="known"
        ),
        pytest.param("pass", "1 failed, 3 passed", id="mended"),
        pytest.param("raise OSError", "4 failed", id="broken-otherwise"),
        pytest.param(
            "assert (recorder.name, plan) == ('two', 'plan')",
            "2 failed, 1 passed, 1 xfailed",
            id="another",
        ),
    ],
)
def test_only_what_is_known_to_fail_may_fail_and_it_must(
    tmp_path: Path, body: str, said: str
) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_it.py").write_text(TESTS.replace("BODY", body))

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--rootdir", tmp_path, tmp_path],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.splitlines()[-1].startswith(said)
