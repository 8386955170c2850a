"""What is built is what is used: the wheel, in a fresh environment, and the source archive."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = ROOT / ".venv" / "tools" / "bin" / "uv"
SHOP = ROOT / "examples" / "shop"
RESOURCES = ("templates", "schemas")

pytestmark = pytest.mark.xdist_group("packaging")


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*command, "--out-dir", folder, ROOT], check=True)
    return folder


def shipped() -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for name in RESOURCES
        for path in (ROOT / name).rglob("*")
        if path.is_file()
    }


def test_the_wheel_holds_the_templates_and_schemas(dist: Path) -> None:
    (wheel,) = dist.glob("pipegen_dag-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    prefix = "pipegen/_data/"
    assert {name.removeprefix(prefix) for name in names if name.startswith(prefix)} == shipped()


def test_the_source_archive_holds_them_too(dist: Path) -> None:
    (archive,) = dist.glob("pipegen_dag-*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert shipped() <= names


def test_the_wheel_renders_an_example_in_a_fresh_environment(dist: Path, tmp_path: Path) -> None:
    (wheel,) = dist.glob("pipegen_dag-*.whl")
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run(
        [UV, "venv", "--quiet", "--python", sys.executable, tmp_path / "venv"], check=True
    )
    pinned = ROOT / "requirements" / "dev.txt"
    install = [UV, "pip", "install", "--quiet", "--python", python]
    subprocess.run([*install, "--constraints", pinned, wheel], check=True)
    pipegen = tmp_path / "venv" / "bin" / "pipegen"
    explained = subprocess.run(
        [pipegen, "explain", "PG101"], capture_output=True, text=True, check=True
    )
    assert explained.stdout.startswith("# PG101")
    project = tmp_path / "shop"
    shutil.copytree(SHOP, project, ignore=shutil.ignore_patterns("target", "logs"))
    command = [pipegen, "render", "--check"]
    checked = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    shutil.rmtree(project / "generated")
    subprocess.run([command[0], "render"], cwd=project, check=True, capture_output=True)
    for path in (SHOP / "generated").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert (project / path.relative_to(SHOP)).read_bytes() == path.read_bytes()
