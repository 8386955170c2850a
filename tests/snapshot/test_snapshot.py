"""Each project compiles to exactly the files committed in it, and these are well kept."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from pipegen.compiler import Compilation, compile_project
from pipegen.output import seal
from pipegen.project import LOCKS, load

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PROJECTS = [
    *sorted((HERE / "cases").iterdir()),
    *sorted((ROOT / "examples").iterdir()),
    *sorted((ROOT / "tests" / "conformance" / "projects").iterdir()),
]
MADE = ("target", "logs", "dbt_packages")
"""What dbt leaves in its projects."""
GENERATED = ("expected", "generated")
TOOLS = Path(sys.executable).parent

each_project = pytest.mark.parametrize("project", PROJECTS, ids=lambda project: project.name)


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], Compilation]:
    @cache
    def compile_copy(project: Path) -> Compilation:
        copy = tmp_path_factory.mktemp("snapshot") / project.name
        shutil.copytree(project, copy, ignore=shutil.ignore_patterns(*MADE, *GENERATED))
        subprocess.run([sys.executable, ROOT / "tests" / "manifests.py", copy], check=True)
        opened = load(copy)
        return compile_project(opened, opened.targets())

    return compile_copy


@each_project
def test_a_project_compiles_to_its_committed_files(
    project: Path,
    compiled: Callable[[Path], Compilation],
    assert_tree: Callable[[Mapping[str, str], Path], None],
) -> None:
    compilation = compiled(project)
    assert [d for d in compilation.diagnostics if d.is_error] == []
    files: dict[str, dict[str, str]] = {}
    outputs = [o for item in compilation.pipelines for o in item.outputs] + [*compilation.shared]
    for output in outputs:
        tree = files.setdefault(str(output.out), {})
        tree |= {str(file.path): seal(file.text).decode() for file in output.files}
    assert files
    for out, tree in files.items():
        assert_tree(tree, project / out)


@each_project
def test_generated_python_is_what_black_and_ruff_would_write(project: Path) -> None:
    files = [
        str(path)
        for folder in GENERATED
        for path in (project / folder).rglob("*.py")
        if "__pycache__" not in path.parts
    ]
    assert files
    for command in (
        ["black", "--check", "--quiet"],
        ["ruff", "format", "--check", "--isolated"],
        ["ruff", "check", "--isolated"],
    ):
        done = subprocess.run(
            [TOOLS / command[0], *command[1:], *files], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@each_project
def test_generated_files_name_no_machine_and_no_pipegen_to_import(project: Path) -> None:
    for folder in (*GENERATED, str(LOCKS)):
        for path in (project / folder).rglob("*.*"):
            if path.is_file() and path.suffix != ".pyc":
                text = path.read_text()
                assert str(ROOT) not in text
                assert not re.search(r"^\s*(from|import) pipegen\b", text, re.MULTILINE)


@each_project
def test_compiling_again_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    """In two processes of different hash seeds, from the lock alone."""
    copy = tmp_path / project.name
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns(*MADE))
    for seed in ("0", "42"):
        done = subprocess.run(
            [TOOLS / "pipegen", "render", "--check"],
            cwd=copy,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "Asia/Tokyo"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
