"""What tests share: expected files as plain files on disk, and a small dbt project."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree

import pytest

AssertTree = Callable[[Mapping[str, str], Path], None]


def pytest_configure() -> None:
    """Keep nothing on this machine, and find nothing there."""
    os.environ["PIPEGEN_CACHE_DIR"] = ""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="Rewrite the expected files.")


@pytest.fixture
def assert_tree(request: pytest.FixtureRequest) -> AssertTree:
    """Compare texts by path with the files under a directory, or rewrite that directory."""
    update = bool(request.config.getoption("--update-snapshots"))

    def compare(actual: Mapping[str, str], expected: Path) -> None:
        if update:
            _rewrite(actual, expected)
        files = (path for path in expected.rglob("*") if path.is_file())
        committed = {path.relative_to(expected).as_posix(): path for path in files}
        assert sorted(actual) == sorted(committed)
        for path, text in actual.items():  # one file at a time: pytest then shows a line diff
            assert text == committed[path].read_bytes().decode("utf-8"), path

    return compare


def _rewrite(texts: Mapping[str, str], folder: Path) -> None:
    rmtree(folder, ignore_errors=True)
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))


@pytest.fixture(scope="session")
def mini_dbt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the conformance suite's dbt project, with its manifest."""
    source = Path(__file__).parent / "conformance" / "projects" / "mini_model" / "dbt"
    folder = tmp_path_factory.mktemp("mini") / "dbt"
    copytree(source, folder, ignore=ignore_patterns("target", "logs"))
    subprocess.run(
        [Path(sys.executable).with_name("dbt"), "--quiet", "parse", "--profiles-dir", "."],
        cwd=folder,
        env={**os.environ, "MINI_DB": "mini.duckdb", "MINI_LOG": "log", "DO_NOT_TRACK": "1"},
        check=True,
    )
    return folder
