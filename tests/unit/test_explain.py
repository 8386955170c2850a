"""Every code is explained, and each example is what it says it is."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipegen import explain, problems
from pipegen.cli import app
from pipegen.resources import resource

BASE = Path(__file__).parents[1] / "diagnostics" / "base"
EXAMPLES = Path(problems.__file__).parent / "examples"
BLOCK = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
TWO_SIDED = [code for code in explain.codes() if "\nWrong:\n" in explain.explain(code)]
PROSE = {"PG002", "PG011", "PG225", "PG404", "PG411", "PG501", "PG502", "PG504", "PG506"} | {
    f"PG{code}"
    for code in (407, 409, 410)  # found by `render --exposures` alone
}
COMPANIONS = {"PG303": {"PG223"}}
"""Warnings that cannot be kept away from an error: they say the same, of every back end."""


def sides(code: str) -> tuple[list[str], list[str]]:
    wrong, right = explain.explain(code).split("\nWrong:\n")[1].split("\nRight:\n")
    return BLOCK.findall(wrong), BLOCK.findall(right)


@pytest.fixture
def diagnosed(
    tmp_path: Path, mini_dbt: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str]], set[str]]:
    def validate(blocks: list[str]) -> set[str]:
        shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
        shutil.copytree(mini_dbt, tmp_path / "dbt")
        for text in blocks:
            named = re.match(r"# (\S+\.yaml)\n", text)
            path = tmp_path / (named[1] if named else "pipelines/example.yaml")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        result = CliRunner().invoke(app, ["validate", "--output-format", "concise"])
        found = set(re.findall(r"\[(PG\d{3})\]", result.output))
        assert found or result.exit_code == 0, result.output
        return found

    return validate


@pytest.mark.parametrize("code", TWO_SIDED)
def test_the_wrong_example_has_this_mistake_and_no_other(
    code: str, diagnosed: Callable[[list[str]], set[str]]
) -> None:
    wrong, _ = sides(code)
    assert wrong
    assert diagnosed(wrong) - COMPANIONS.get(code, set()) == {code}


@pytest.mark.parametrize("code", TWO_SIDED)
def test_the_right_example_has_no_mistake(
    code: str, diagnosed: Callable[[list[str]], set[str]]
) -> None:
    _, right = sides(code)
    assert right
    assert diagnosed(right) == set()


def test_every_code_is_explained_and_every_explanation_is_of_a_code() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == {f"{c}.md" for c in explain.codes()}
    source = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.parent.glob("*.py"))
    assert set(explain.codes()) == set(re.findall(r'"(PG\d{3})"', source))


def test_only_what_no_yaml_can_show_is_left_to_prose() -> None:
    assert set(explain.codes()) - set(TWO_SIDED) == PROSE


def test_an_explanation_starts_with_the_docstring_of_the_constructor() -> None:
    meaning = inspect.getdoc(problems.unknown_key)
    assert meaning
    assert explain.explain("PG101").startswith(f"# PG101\n\n{meaning}\n")


def test_a_code_there_is_not_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        explain.explain("PG999")


def test_the_page_is_current_and_its_contents_lead_somewhere(tmp_path: Path) -> None:
    committed = (resource("docs") / explain.PAGE).read_text(encoding="utf-8")
    explain.write(tmp_path)
    written = (tmp_path / explain.PAGE).read_text(encoding="utf-8")
    assert committed == written, "run `python -m pipegen.explain`"
    headings = [line[4:].lower() for line in written.splitlines() if line.startswith("### ")]
    assert re.findall(r"^- \[PG\d+\]\(#(\w+)\)", written, re.MULTILINE) == headings
    assert headings == [code.lower() for code in explain.codes()]


@pytest.mark.parametrize("code", ["PG101", "pg101"])
def test_the_command_prints_it(code: str) -> None:
    result = CliRunner().invoke(app, ["explain", code])
    assert (result.exit_code, result.stdout) == (0, explain.explain("PG101"))


@pytest.mark.parametrize("code", ["101", "pg-101", "PG1011"])
def test_an_unknown_code_is_wrong_usage_and_the_nearest_is_offered(code: str) -> None:
    result = CliRunner().invoke(app, ["explain", code])
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"no diagnostic is called '{code}'; did you mean 'PG101'?" in result.stderr
