"""Every diagnostic, as a person sees it: each case is a project, a command and what it prints.

A case's folder is named after the code it is for. Its files are laid over `base/` and the
small dbt project of the conformance suite. No back end is among them: a case that needs one has
a `pipegen.yaml` of its own.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipegen import __version__, problems
from pipegen.cli import app

HERE = Path(__file__).parent
CASES = sorted((HERE / "cases").iterdir())
SECRETS = [case for case in CASES if case.name.startswith("PG505")]


@pytest.fixture
def laid_out(tmp_path: Path, mini_dbt: Path) -> Callable[[Path], Path]:
    def lay_out(case: Path) -> Path:
        project = tmp_path / "project"
        shutil.copytree(mini_dbt, project / "dbt")
        for source in (HERE / "base", case):
            shutil.copytree(source, project, dirs_exist_ok=True)
        return project

    return lay_out


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_told_with_its_place_and_a_way_out(
    case: Path,
    laid_out: Callable[[Path], Path],
    assert_tree: Callable[[Mapping[str, str], Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project = laid_out(case)
    monkeypatch.chdir(project)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    before = contents(project)
    command = case / "command"
    arguments = command.read_text().split() if command.exists() else ["validate"]
    result = CliRunner().invoke(app, arguments)
    output = result.output.replace(__version__, "<version>")
    told = f"$ pipegen {' '.join(arguments)}\n{output}exit {result.exit_code}\n"
    assert_tree({"expected.txt": told}, case / "expected")
    assert case.name.partition("-")[0] in told
    assert contents(project) == before, "a faulty pipeline writes nothing"


@pytest.mark.parametrize("rows", ["[]", "{country: it}", "[it, fr]"])
def test_rows_at_fault_are_told_and_not_what_uses_them(
    rows: str, laid_out: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = laid_out(HERE / "cases" / "PG102-no-rows")
    text = f'version: 1\npipeline: "load_${{each.country}}"\nfor_each: {rows}\n'
    (project / "pipelines" / "bad.yaml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(project)
    result = CliRunner().invoke(app, ["validate", "--output-format", "concise"])
    assert set(re.findall(r":(\d+):\d+: error\[(PG\d+)\]", result.output)) == {("3", "PG102")}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("case", SECRETS, ids=lambda case: case.name)
def test_no_secret_is_shown(
    case: Path, laid_out: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = laid_out(case)
    monkeypatch.chdir(project)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    found = CliRunner().invoke(app, ["validate", "--output-format", "json"])
    told = CliRunner().invoke(app, ["validate"]).output + found.output
    secrets = [written(project, each) for each in json.loads(found.output) if each["refusal"]]
    assert secrets
    assert [secret for secret in secrets if secret in told] == []


def written(project: Path, finding: Mapping[str, Any]) -> str:
    """Return what the place of a finding holds, without quotes; the line's end if it goes on."""
    line = (project / finding["file"]).read_text(encoding="utf-8").split("\n")[finding["line"] - 1]
    goes_on = finding["end_line"] > finding["line"]
    end = len(line) if goes_on else finding["end_column"] - 1
    return line[finding["column"] - 1 : end].strip("\"'")


def test_every_code_has_a_case_and_every_case_a_code() -> None:
    folder = Path(problems.__file__).parent
    codes = {
        code
        for file in folder.glob("*.py")
        for code in re.findall(r'"(PG\d{3})"', file.read_text())
    }
    assert {case.name.partition("-")[0] for case in CASES} == codes


def test_no_two_diagnostics_share_a_code() -> None:
    folder = Path(problems.__file__).parent
    found = [
        code
        for file in folder.glob("*.py")
        for code in re.findall(r'"(PG\d{3})"', file.read_text())
    ]
    assert len(found) == len(set(found))
