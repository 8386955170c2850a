"""dbt's answers are kept by `render` and found again, as long as nothing they depend on changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipegen.cli import app
from pipegen.dbt import cache, manifest
from pipegen.dbt.selection import Selection, select

IMPORTS = """
import sys
from typer.testing import CliRunner
from pipegen.cli import app
for arguments in (["validate"], ["render", "--check"]):
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
print([name for name in sys.modules if name.split(".")[0] in ("dbt", "dbt_common")])
"""
PIPELINE = """
version: 1
pipeline: p
transforms:
  a: {project: mini, select: "%s", granularity: step}
"""
Run = Callable[..., bool]


@pytest.fixture
def project(tmp_path: Path, mini_dbt: Path) -> Path:
    root = tmp_path / "project"
    shutil.copytree(mini_dbt, root / "dbt")
    (root / "pipegen.yaml").write_text(
        "{version: 1, project: p, backends: {headless: {}}, dbt: {projects: {mini: {dir: dbt}}}}"
    )
    (root / "pipelines").mkdir()
    (root / "pipelines" / "p.yaml").write_text(PIPELINE % "tag:marts")
    return root


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def asks_dbt(project: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs pipegen and says whether that asked dbt."""

    def run(*arguments: str, folder: str = str(kept)) -> bool:
        asked: list[object] = []

        def watched(*given: Any) -> Any:
            asked.append(given)
            return select(*given)

        with monkeypatch.context() as patch:
            patch.chdir(project)
            patch.setenv(cache.VARIABLE, folder)
            patch.setattr(cache, "select", watched)
            done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return bool(asked)

    return run


def test_an_unchanged_project_imports_no_dbt(asks_dbt: Run, project: Path, kept: Path) -> None:
    asks_dbt("render")
    env = {**os.environ, cache.VARIABLE: str(kept)}
    run = [sys.executable, "-c", IMPORTS]
    done = subprocess.run(run, cwd=project, env=env, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def files(kept: Path) -> list[Path]:
    return sorted(path for path in kept.rglob("*") if path.is_file())


def test_render_keeps_what_the_others_find(asks_dbt: Run, kept: Path) -> None:
    assert asks_dbt("validate")
    assert asks_dbt("render", "--diff")
    assert not kept.exists()
    assert asks_dbt("render")
    (file,) = files(kept)
    text = file.read_bytes()
    assert not asks_dbt("validate")
    assert not asks_dbt("render", "--check")
    assert not asks_dbt("render")
    assert not asks_dbt("graph", "p")
    assert files(kept) == [file]
    assert file.read_bytes() == text
    assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0


def touched(project: Path) -> None:
    manifest = project / "dbt" / "target" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b" ")


def asked_otherwise(project: Path) -> None:
    (project / "pipelines" / "p.yaml").write_text(PIPELINE % "+tag:marts")


@pytest.mark.parametrize("change", [touched, asked_otherwise])
def test_whatever_changes_is_asked_anew(
    asks_dbt: Run, project: Path, change: Callable[[Path], None]
) -> None:
    asks_dbt("render")
    change(project)
    assert asks_dbt("validate")
    assert asks_dbt("render")
    assert not asks_dbt("validate")


def test_an_answer_that_looks_at_files_goes_by_the_files(asks_dbt: Run, project: Path) -> None:
    (project / "pipelines" / "p.yaml").write_text(PIPELINE % "path:models/marts")
    asks_dbt("render")
    assert not asks_dbt("validate")
    (project / "dbt" / "models" / "marts" / "notes.md").touch()
    assert asks_dbt("validate")
    (project / "dbt" / "models" / "marts" / "notes.md").unlink()
    assert not asks_dbt("validate")
    (project / "dbt" / "models" / "link").symlink_to(project / "pipelines")
    assert asks_dbt("render")
    assert asks_dbt("render"), "what lies behind a link is not known"


def hostile(text: str) -> list[str]:
    good: dict[str, Any] = json.loads(text)
    ((key, ids),) = good.items()
    entries: list[Any] = [
        *(None, 7, "model.mini.a", {}, [*ids, "model.mini.none_such"], [*ids, 7], [[]]),
        *([*ids, ids[0]], list(reversed(ids)), [None], [{"a": 1}]),
    ]
    broken = [json.dumps({key: entry}) for entry in entries]
    return [*broken, "", "{", "[]", "null", "[" * 100_000, '{"a": ' * 100_000, text[:-9], "\x00"]


def test_a_broken_or_hostile_entry_is_none(asks_dbt: Run, project: Path, kept: Path) -> None:
    asks_dbt("render")
    (file,) = files(kept)
    text = file.read_text()
    assert len(json.loads(text)) == 1
    read = manifest.load(project / "dbt" / "target" / "manifest.json")
    marts = Selection(("tag:marts",))
    for entry in hostile(text):
        file.write_text(entry)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(cache.VARIABLE, str(kept))
            patch.setattr(cache, "select", lambda *_: ((),))
            assert cache.Answers(read, project / "dbt").select(marts) == (), entry[:80]
    file.unlink()
    file.mkdir()
    assert asks_dbt("render")
    file.rmdir()
    file.symlink_to("/dev/zero")
    assert asks_dbt("validate")


def test_an_empty_answer_is_kept_too(project: Path, kept: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv(cache.VARIABLE, str(kept))
    read = manifest.load(project / "dbt" / "target" / "manifest.json")
    answers = cache.Answers(read, project / "dbt")
    assert answers.select(Selection(("tag:none_such",))) == ()
    answers.write()
    monkeypatch.setattr(cache, "select", None)
    again = cache.Answers(read, project / "dbt")
    assert again.select(Selection(("tag:none_such",))) == ()


def test_an_empty_variable_keeps_nothing(asks_dbt: Run, kept: Path) -> None:
    assert asks_dbt("render", folder="")
    assert asks_dbt("render", folder="")
    assert not kept.exists()


def test_a_cache_that_cannot_be_written_is_no_error(asks_dbt: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert asks_dbt("render", folder=str(tmp_path / "file"))
    assert asks_dbt("render", folder="/proc/nowhere")


def test_what_is_old_or_too_much_goes(asks_dbt: Run, kept: Path) -> None:
    folder = kept / "selections"
    folder.mkdir(parents=True)
    now = time.time()
    for age in range(60):
        path = folder / f"{age:064x}.json"
        path.touch()
        os.utime(path, (now - age * 86400, now - age * 86400))
    (folder / "somebody else's").touch()
    os.utime(folder / "somebody else's", (0, 0))
    asks_dbt("render")
    left = {path.name for path in files(kept)}
    assert "somebody else's" in left
    assert {f"{age:064x}.json" for age in range(29)} <= left
    assert f"{31:064x}.json" not in left
    assert len(left) < 40
