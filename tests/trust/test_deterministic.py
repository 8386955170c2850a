"""The same input gives the same bytes: whatever the hash seed, the zone, the language, the folder,
the order in which a disk lists files, and the Python that runs pipegen."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.trust.projects import case
from tests.trust.running import pipegen
from tests.trust.test_inert import with_manifest

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "examples" / "shop"
HOSTILE = ROOT / "tests" / "snapshot" / "cases" / "hostile"
SHUFFLED = """
import os, random, sys

shuffle = random.Random(int(sys.argv.pop(1))).shuffle
list_names, scan = os.listdir, os.scandir

def listdir(*arguments):
    names = list_names(*arguments)
    shuffle(names)
    return names

class scandir:
    def __init__(self, *arguments):
        with scan(*arguments) as entries:
            found = list(entries)
        shuffle(found)
        self.entries = iter(found)

    def __iter__(self):
        return self.entries

    def __next__(self):
        return next(self.entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

os.listdir, os.scandir = listdir, scandir
from pipegen.cli import main
main()
"""
SETTINGS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LANG": "C.UTF-8"},
    {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "C"},
    {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LC_ALL": "POSIX"},
    {"PYTHONHASHSEED": "3", "TZ": "Pacific/Kiritimati", "USER": "somebody", "HOME": "/nowhere"},
    {"PYTHONHASHSEED": "4", "TZ": "", "SOURCE_DATE_EPOCH": "1", "PYTHONOPTIMIZE": "2"},
)


def shop(root: Path) -> Path:
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns("target", "logs", "generated"))
    return root


def hostile(root: Path) -> Path:
    """Write the hostile case, and beside it pipelines that a disk could list in any order."""
    shutil.copytree(HOSTILE, root, ignore=shutil.ignore_patterns("expected"))
    before = (root / "pipelines" / "flow.yaml").read_text()
    for name in ("Z", "a", "ä", "b/c", "b", "ß/x", "10", "9"):
        path = root / "pipelines" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        pipeline = f"p_{name.encode().hex()}"
        path.write_text(before.replace("pipeline: flow", f"pipeline: {pipeline}"))
    return root


def made(root: Path) -> Path:
    found = next(found for found in map(case, range(99)) if not found.locks)
    return found.write(root, is_hostile=True)


def digests(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("generated", "expected", "pipegen.lock")
        for path in sorted((root / folder).rglob("*"))
        if path.is_file()
    }


def rendered(
    make: Callable[[Path], Path], root: Path, seed: int, settings: dict[str, str]
) -> tuple[dict[str, str], str]:
    """Render a project from another folder; return its files, and what pipegen said."""
    make(root)
    program = root.with_suffix(".py")
    program.write_text(SHUFFLED)
    paths = [str(root)] if seed % 2 else []
    folder = root.parent if paths else root
    done = pipegen(folder, str(seed), "render", *paths, program=[str(program)], env=settings)
    assert done.returncode == 0, done.stderr
    return digests(root), done.stderr.replace(root.name, "here")


@pytest.mark.parametrize("make", [shop, hostile, made, with_manifest])
def test_every_run_writes_the_same_bytes(make: Callable[[Path], Path], tmp_path: Path) -> None:
    results = []
    for seed, settings in enumerate(SETTINGS):
        root = tmp_path / f"checkout {seed}" / ("x" * seed) / f"project_{seed}"
        root.parent.mkdir(parents=True)
        results.append(rendered(make, root, seed, settings)[0])
    assert len(results[0]) > 5
    for result in results[1:]:
        assert result == results[0]


def test_findings_come_in_the_same_order(tmp_path: Path) -> None:
    told = set()
    for seed, settings in enumerate(SETTINGS):
        root = hostile(tmp_path / str(seed) / "project")
        for path in (root / "pipelines").rglob("*.yaml"):
            path.write_text(path.read_text().replace("depends_on: [task", "depends_on: [nothing"))
        program = tmp_path / "shuffled.py"
        program.write_text(SHUFFLED)
        arguments = (str(seed), "validate", "--output-format", "json")
        done = pipegen(root, *arguments, program=[str(program)], env=settings)
        assert done.returncode == 1
        assert len(json.loads(done.stdout)) > 1
        told.add(done.stdout)
    assert len(told) == 1


PYTHONS = sorted(ROOT.glob(".venv/py*/bin/python"))
"""Environments of other Pythons, which `make others` makes of those a machine has."""


@pytest.mark.skipif(not PYTHONS, reason="this machine has no other Python")
@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.parts[-3])
def test_every_python_writes_the_same_bytes(python: Path, tmp_path: Path) -> None:
    expected, _ = rendered(hostile, tmp_path / "this", 0, SETTINGS[0])
    root = hostile(tmp_path / "other")
    done = subprocess.run(
        [python, "-m", "pipegen", "render"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert digests(root) == expected
