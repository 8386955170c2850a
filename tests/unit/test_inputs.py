"""What `validate` makes of files as editors, checkouts and accidents leave them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pipegen.cli import app
from pipegen.source import MAX_SIZE

PROJECT = "version: 1\nproject: p\nbackends: {airflow: {}}\n"
GOOD = "version: 1\npipeline: good\nsources:\n  load: {kind: shell, command: [echo]}\n"
BAD = GOOD.replace("command", "comand").replace("good", "bad")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipegen.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate(*arguments: str, stdin: bytes | None = None) -> Result:
    return CliRunner().invoke(app, ["validate", "--output-format", "concise", *arguments], stdin)


def test_a_project_without_pipelines_is_fine(project: Path) -> None:
    assert validate().exit_code == 0
    (project / "pipelines").rmdir()
    result = validate()
    assert (result.exit_code, result.stderr) == (0, "0 pipelines fine\n")


def test_stdin_stands_for_the_file_an_editor_has_not_saved(project: Path) -> None:
    path = project / "pipelines" / "good.yaml"
    path.write_text(GOOD)
    result = validate("-", "--stdin-filename", "pipelines/good.yaml", stdin=BAD.encode())
    assert result.exit_code == 1
    assert "pipelines/good.yaml:4:23: error[PG101]" in result.stdout
    fixed = validate("-", "--stdin-filename", str(path), stdin=GOOD.encode())
    assert (fixed.exit_code, fixed.stdout) == (0, "")
    assert path.read_text() == GOOD


def test_stdin_may_be_a_file_that_is_not_there_yet(project: Path) -> None:
    (project / "pipelines" / "good.yaml").write_text(GOOD)
    result = validate("-", "--stdin-filename", "pipelines/new.yaml", stdin=GOOD.encode())
    assert "pipelines/new.yaml:2:1: error[PG209]" in result.stdout
    assert not (project / "pipelines" / "new.yaml").exists()


def test_stdin_may_be_the_project_file(project: Path) -> None:
    (project / "pipelines" / "good.yaml").write_text(GOOD)
    text = f"{PROJECT}conections: {{}}\n".encode()
    result = validate("-", "--stdin-filename", "pipegen.yaml", stdin=text)
    assert "pipegen.yaml:4:1: error[PG101]" in result.stdout
    assert validate("-", "--stdin-filename", "pipegen.yaml", stdin=PROJECT.encode()).exit_code == 0


def test_the_snippet_shows_what_stdin_holds(project: Path) -> None:
    (project / "pipelines" / "good.yaml").write_text(GOOD)
    arguments = ["validate", "-", "--stdin-filename", "pipelines/good.yaml"]
    assert (
        "4 |   load: {kind: shell, comand: [echo]}"
        in CliRunner().invoke(app, arguments, BAD).stdout
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["-"], "--stdin-filename"),
        (["-", "--stdin-filename", "../elsewhere.yaml"], "there is no pipegen.yaml"),
    ],
)
def test_stdin_that_belongs_nowhere_is_wrong_usage(
    project: Path, arguments: list[str], why: str
) -> None:
    result = validate(*arguments, stdin=GOOD.encode())
    assert result.exit_code == 2
    assert why in " ".join(result.stderr.split())


@pytest.mark.parametrize("name", ["crlf", "bom", "both"])
def test_line_ends_and_a_byte_order_mark_change_no_place(project: Path, name: str) -> None:
    data = BAD.encode()
    if name in ("crlf", "both"):
        data = data.replace(b"\n", b"\r\n")
    if name in ("bom", "both"):
        data = b"\xef\xbb\xbf" + data
    (project / "pipelines" / "bad.yaml").write_bytes(data)
    assert "pipelines/bad.yaml:4:23: error[PG101]" in validate().stdout


def test_utf_16_is_refused_with_a_code(project: Path) -> None:
    (project / "pipelines" / "wide.yaml").write_bytes(GOOD.encode("utf-16"))
    (project / "pipelines" / "good.yaml").write_text(GOOD)
    result = validate()
    assert (result.exit_code, "wide.yaml:1:1: error[PG011]" in result.stdout) == (1, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root")
def test_a_file_without_permission_is_told_and_hides_no_other(project: Path) -> None:
    secret = project / "pipelines" / "secret.yaml"
    secret.write_text(GOOD)
    secret.chmod(0)
    (project / "pipelines" / "bad.yaml").write_text(BAD)
    told = validate().stdout
    assert "secret.yaml:1:1: error[PG011]" in told
    assert "bad.yaml:4:23: error[PG101]" in told


def test_a_pipe_does_not_make_it_wait(project: Path) -> None:
    os.mkfifo(project / "pipelines" / "odd.yaml")
    (project / "pipelines" / "bad.yaml").write_text(BAD)
    told = validate().stdout
    assert "odd.yaml:1:1: error[PG011]" in told
    assert "bad.yaml:4:23: error[PG101]" in told


def test_a_link_that_leads_out_of_the_project_is_not_followed(project: Path) -> None:
    outside = project.parent / f"{project.name}-outside.yaml"
    outside.write_text("hunter2: of somebody else\n")
    (project / "pipelines" / "link.yaml").symlink_to(outside)
    (project / "pipelines" / "good.yaml").write_text(GOOD)
    (project / "pipelines" / "again.yml").symlink_to(project / "pipelines" / "good.yaml")
    result = CliRunner().invoke(app, ["validate"])
    assert "error[PG011]: cannot read the file: it leads out of the project" in result.stdout
    assert "hunter2" not in result.stdout
    assert "pipeline 'good' is defined twice" in result.stdout


def test_a_folder_is_one_whatever_its_name(project: Path) -> None:
    folder = project / "pipelines" / "team.yaml"
    folder.mkdir()
    (folder / "bad.yml").write_text(BAD)
    (folder / "notes.txt").write_text("no pipeline")
    assert "pipelines/team.yaml/bad.yml:4:23: error[PG101]" in validate().stdout


def test_two_megabytes_are_read_and_no_more(project: Path) -> None:
    long = GOOD + "".join(f"# {number:090}\n" for number in range(MAX_SIZE // 93 - 10))
    path = project / "pipelines" / "long.yaml"
    path.write_text(long)
    assert path.stat().st_size > 0.99 * MAX_SIZE
    assert validate().exit_code == 0
    path.write_text(long + "#" * 2000)
    assert "long.yaml:1:1: error[PG005]" in validate().stdout


def test_ten_thousand_files_are_compiled_each(project: Path) -> None:
    for number in range(10_000):
        text = GOOD.replace("good", f"p{number}")
        (project / "pipelines" / f"p{number}.yaml").write_text(text)
    (project / "pipelines" / "bad.yaml").write_text(BAD)
    limited = (
        "import resource, sys; from pipegen.cli import main; sys.argv = ['pipegen', 'validate',"
        " '--output-format', 'json']; resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30));"
        " main()"
    )
    done = subprocess.run([sys.executable, "-c", limited], capture_output=True, check=False)
    assert done.returncode == 1, done.stderr[-500:]
    (finding,) = json.loads(done.stdout)
    assert finding["code"] == "PG101"
