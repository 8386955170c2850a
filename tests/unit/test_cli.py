"""The commands, as a person or a CI job calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipegen.cli import app

PROJECT = """\
version: 1
project: demo
backends: {headless: {}}
"""
PIPELINE = """\
version: 1
pipeline: hello
sources:
  one: {kind: shell, command: [echo, one]}
activations:
  two: {kind: shell, command: [echo, two], depends_on: [one]}
"""
SCRIPT = Path("generated/headless/run/pg_hello.py")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipegen.yaml").write_text(PROJECT)
    (tmp_path / "pipelines" / "hello.yaml").write_text(PIPELINE)
    monkeypatch.chdir(tmp_path)
    for variable in ("CI_PROJECT_DIR", "GITHUB_ACTIONS", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def pipegen(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_validate_finds_nothing_wrong_with_a_good_project(project: Path) -> None:
    result = pipegen("validate")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "1 pipeline fine" in result.stderr
    assert not (project / "generated").exists()


def test_render_writes_and_a_second_render_changes_nothing(project: Path) -> None:
    assert "created" in pipegen("render").stdout
    first = (project / SCRIPT).read_bytes()
    again = pipegen("render")
    assert (again.exit_code, again.stdout) == (0, "")
    assert (project / SCRIPT).read_bytes() == first


def test_check_passes_on_what_render_wrote(project: Path) -> None:
    pipegen("render")
    assert pipegen("render", "--check").exit_code == 0


def test_check_fails_once_the_specification_changed(project: Path) -> None:
    pipegen("render")
    (project / "pipelines" / "hello.yaml").write_text(PIPELINE.replace("echo, one", "echo, uno"))
    before = (project / SCRIPT).read_bytes()
    result = pipegen("render", "--check")
    assert result.exit_code == 1
    assert "PG504" in result.stderr
    assert (project / SCRIPT).read_bytes() == before


def test_check_fails_once_a_generated_file_was_edited(project: Path) -> None:
    pipegen("render")
    with (project / SCRIPT).open("a") as file:
        file.write("# by hand\n")
    result = pipegen("render", "--check")
    assert result.exit_code == 1
    assert "edited by hand" in result.stderr


def test_render_never_writes_over_an_edited_file(project: Path) -> None:
    pipegen("render")
    (project / SCRIPT).write_text((project / SCRIPT).read_text() + "# by hand\n")
    edited = (project / SCRIPT).read_bytes()
    result = pipegen("render")
    assert result.exit_code == 3
    assert (project / SCRIPT).read_bytes() == edited


def test_diff_shows_the_change_and_writes_nothing(project: Path) -> None:
    pipegen("render")
    (project / "pipelines" / "hello.yaml").write_text(PIPELINE.replace("echo, one", "echo, uno"))
    result = pipegen("render", "--diff")
    assert result.exit_code == 0
    assert '-    subprocess.run(["echo", "one"], check=True)' in result.stdout
    assert '+    subprocess.run(["echo", "uno"], check=True)' in result.stdout
    assert pipegen("render", "--check").exit_code == 1


def test_a_broken_pipeline_does_not_hide_the_others(project: Path) -> None:
    (project / "pipelines" / "broken.yaml").write_text("version: 1\npipeline: broken\nsorces: {}\n")
    result = pipegen("render")
    assert result.exit_code == 1
    assert "PG101" in result.stderr
    assert (project / SCRIPT).exists()
    assert not (project / "generated/headless/run/pg_broken.py").exists()


def test_out_writes_the_same_bytes_elsewhere(project: Path, tmp_path: Path) -> None:
    pipegen("render")
    assert pipegen("render", "--backend", "headless", "--out", "elsewhere").exit_code == 0
    copy = project / "elsewhere" / "headless" / "run" / "pg_hello.py"
    assert copy.read_bytes() == (project / SCRIPT).read_bytes()


def test_only_the_named_pipeline_is_written(project: Path) -> None:
    other = PIPELINE.replace("hello", "other")
    (project / "pipelines" / "other.yaml").write_text(other)
    assert pipegen("render", "pipelines/other.yaml").exit_code == 0
    assert (project / "generated/headless/run/pg_other.py").exists()
    assert not (project / SCRIPT).exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("render", "--backend", "cron"),
        ("graph", "nobody"),
        ("run", "nobody"),
        ("validate", "--output-format", "xml"),
    ],
)
def test_wrong_usage_exits_with_2(project: Path, arguments: tuple[str, ...]) -> None:
    assert pipegen(*arguments).exit_code == 2


def test_a_folder_without_a_project_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = pipegen("validate")
    assert result.exit_code == 2
    assert "pipegen.yaml" in result.stderr


def test_graph_tells_why_each_edge_exists(project: Path) -> None:
    drawn = json.loads(pipegen("graph", "hello", "--format", "json").stdout)
    assert [node["name"] for node in drawn["nodes"]] == ["one", "two"]
    assert drawn["edges"] == [
        {"from": "one", "to": "two", "because": [{"reason": "depends_on", "detail": "one"}]}
    ]


def test_graph_draws_mermaid(project: Path) -> None:
    drawn = pipegen("graph", "pipelines/hello.yaml").stdout
    assert drawn.startswith("flowchart LR\n")
    assert "t_one --> t_two" in drawn


def test_github_annotations_name_file_and_line(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    (project / "pipelines" / "hello.yaml").write_text(PIPELINE.replace("sources", "sorces"))
    assert "::error file=pipelines/hello.yaml,line=3," in pipegen("validate").stdout


def test_files_are_named_from_the_working_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "pipelines" / "hello.yaml").write_text(PIPELINE.replace("sources", "sorces"))
    monkeypatch.chdir(project.parent)
    told = pipegen("validate", project.name).stdout
    assert f"--> {project.name}/pipelines/hello.yaml:3:1\n" in told
    assert "3 | sorces:" in told
    monkeypatch.chdir(project / "pipelines")
    assert "--> ../pipelines/hello.yaml:3:1\n" in pipegen("validate", "..").stdout


@pytest.mark.parametrize("path", ["pipelines/nope.yaml", "../elsewhere.yaml"])
def test_a_path_that_is_no_pipeline_is_named_as_it_was_given(project: Path, path: str) -> None:
    (project.parent / "elsewhere.yaml").write_text(PIPELINE)
    result = pipegen("validate", "pipelines", path)
    assert result.exit_code == 1
    assert f"--> {path}:1:1\n" in result.stdout


def test_github_is_told_the_place_in_the_checkout(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent))
    (project / "pipelines" / "hello.yaml").write_text(PIPELINE.replace("sources", "sorces"))
    told = pipegen("validate").stdout
    assert f"::error file={project.name}/pipelines/hello.yaml,line=3," in told


def test_a_pipeline_is_named_by_its_file_from_anywhere(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.parent)
    drawn = pipegen("graph", f"{project.name}/pipelines/hello.yaml")
    assert drawn.exit_code == 0
    assert "t_one --> t_two" in drawn.stdout


def test_gitlab_is_told_the_place_in_the_checkout(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI_PROJECT_DIR", str(project.parent))
    (project / "pipelines" / "hello.yaml").write_text(PIPELINE.replace("sources", "sorces"))
    found = json.loads(pipegen("validate", "--output-format", "gitlab").stdout)
    assert found[0]["location"]["path"] == f"{project.name}/pipelines/hello.yaml"


@pytest.mark.parametrize("format", ["json", "gitlab", "sarif", "junit"])
def test_a_good_project_gives_an_empty_document(project: Path, format: str) -> None:
    result = pipegen("validate", "--output-format", format)
    assert result.exit_code == 0
    assert result.stdout.strip()
    assert "PG" not in result.stdout


def test_json_findings_are_one_array(project: Path) -> None:
    (project / "pipelines" / "hello.yaml").write_text(PIPELINE.replace("sources", "sorces"))
    found = json.loads(pipegen("validate", "--output-format", "json").stdout)
    assert {item["code"] for item in found} == {"PG101"}


def test_run_executes_the_pipeline_and_leaves_no_file(project: Path) -> None:
    result = pipegen("run", "hello")
    assert result.exit_code == 0, result.output
    assert not (project / "generated").exists()


def test_run_fails_when_a_task_failed(project: Path) -> None:
    broken = PIPELINE.replace("[echo, one]", "['false']")
    (project / "pipelines" / "hello.yaml").write_text(broken)
    result = pipegen("run", "hello")
    assert result.exit_code == 1
    assert "upstream_failed" in result.output


def test_a_run_is_resumed_from_its_log(project: Path) -> None:
    (project / "pipelines" / "hello.yaml").write_text("""\
version: 1
pipeline: hello
params: {file: {type: string}}
sources:
  one: {kind: shell, command: [touch, "{{ params.file }}"]}
activations:
  two: {kind: shell, command: [test, -e, mended], depends_on: [one]}
""")
    asked = ("--param", "file=made", "--date", "2026-02-03")
    first = pipegen("run", "hello", "--log", "log", *asked)
    assert first.exit_code == 1
    assert [line.split()[:3] for line in first.stdout.splitlines()[1:]] == [
        ["one", "success", "1"],
        ["two", "failed", "1"],
        ["hello:", "failed"],
    ]

    (project / "mended").touch()
    (project / "made").unlink()
    again = pipegen("run", "hello", "--resume", "log")

    assert again.exit_code == 0, again.output
    assert [line.split()[:3] for line in again.stdout.splitlines()[1:]] == [
        ["one", "success", "0"],
        ["two", "success", "1"],
        ["hello:", "success"],
    ]
    assert not (project / "made").exists()
    plans = [json.loads(line) for line in (project / "log").read_text().splitlines()]
    runs = [plan["run"] for plan in plans if plan["event"] == "plan"]
    assert [run["date"] for run in runs] == ["2026-02-03"] * 2
    assert [run["done"] for run in runs] == [{}, {"one": "success"}]


def test_support_is_told_of_every_back_end_or_of_one() -> None:
    whole, one = pipegen("support"), pipegen("support", "--backend", "dagster")
    assert (whole.exit_code, one.exit_code) == (0, 0)
    page = (Path(__file__).parents[2] / "docs" / "support.md").read_text("utf-8")
    sentences = whole.stdout[whole.stdout.index("## ") :]
    assert sentences
    assert page.endswith(sentences)
    head, *rows = whole.stdout.splitlines()[: -sentences.count("\n")]
    assert head == "| feature | Airflow | Dagster | Headless dbt | Prefect |"
    assert all(row.removesuffix("|") in page for row in rows)
    assert "| feature | Dagster |" in one.stdout
    assert "Airflow" not in one.stdout
    wrong = pipegen("support", "--backend", "dagstr")
    assert wrong.exit_code == 2
    assert "no back end is called 'dagstr'" in wrong.stderr
