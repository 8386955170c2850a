"""Without dbt and without a manifest: the committed lock serves, as long as it is the answer."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop"
PIPEGEN = Path(sys.executable).with_name("pipegen")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    copy = tmp_path / "shop"
    shutil.copytree(SHOP, copy, ignore=shutil.ignore_patterns("target", "logs", "*.duckdb"))
    return copy


def pipegen(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PIPEGEN, *arguments], cwd=project, capture_output=True, text=True, check=False
    )


def test_check_needs_no_manifest(shop: Path) -> None:
    done = pipegen(shop, "render", "--check")
    assert done.returncode == 0, done.stderr


def test_validate_imports_no_dbt_when_the_lock_serves(shop: Path) -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from pipegen.cli import app;"
        "done = CliRunner().invoke(app, ['validate']); assert done.exit_code == 0, done.output;"
        "heavy = {'dbt', 'black', 'rich.progress'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=shop, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_another_selection_asks_for_the_manifest(shop: Path) -> None:
    spec = shop / "pipelines" / "hourly_catalog.yaml"
    spec.write_text(spec.read_text().replace("tag:catalog", "+tag:catalog"))
    done = pipegen(shop, "validate")
    assert done.returncode == 1
    assert "error[PG403]" in done.stdout
    assert "cd dbt && dbt parse --profiles-dir ." in done.stdout


def test_a_broken_lock_asks_for_the_manifest(shop: Path) -> None:
    (shop / "pipegen.lock" / "hourly_catalog.json").write_text("{}")
    assert "error[PG403]" in pipegen(shop, "validate").stdout


def test_a_lock_edited_by_hand_is_drift(shop: Path) -> None:
    lock = shop / "pipegen.lock" / "hourly_catalog.json"
    lock.write_text(lock.read_text().replace('"eager"', '"eager" '))
    done = pipegen(shop, "render", "--check")
    assert done.returncode == 1
    assert "'pipegen.lock/hourly_catalog.json' is edited by hand" in done.stderr
