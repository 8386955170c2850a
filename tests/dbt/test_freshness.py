"""A manifest that is no longer its project's is doubted; a hostile one opens nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipegen.dbt import files, freshness, manifest
from pipegen.dbt.freshness import doubt
from tests.dbt.conftest import Shop, document, model


@pytest.fixture
def copy(shop: Shop, tmp_path: Path) -> Path:
    """The project with its manifest, which is a minute younger than all its files."""
    left_out = shutil.ignore_patterns("*.duckdb", "dbt_packages", "logs", "compiled", "run")
    folder = Path(shutil.copytree(shop.dir, tmp_path / "shop", ignore=left_out))
    stamped(folder, 60)
    return folder


def stamped(folder: Path, ago: float, name: str = "*") -> None:
    """Have the files of that name last changed so many seconds before the manifest."""
    written = (folder / "target" / "manifest.json").stat().st_mtime
    for path in folder.rglob(name):
        if path.is_file() and "target" not in path.parts:
            os.utime(path, (written - ago, written - ago))


def told(folder: Path) -> str | None:
    return doubt(manifest.load(folder / "target" / "manifest.json"), folder)


def appended(text: str) -> Callable[[Path], None]:
    return lambda path: path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "change", "reason"),
    [
        ("models/staging/stg_orders.sql", appended(" limit 1"), "has changed since"),
        ("seeds/payments/raw_payments.csv", appended("9,9,9,9\n"), "has changed since"),
        ("models/staging/_staging.yml", appended("\n# more\n"), "is newer"),
        ("dbt_project.yml", appended("\n# more\n"), "is newer"),
        ("models/marts/_metrics.yml", Path.unlink, "is gone"),
        ("models/staging/stg_orders.sql", Path.unlink, "is gone"),
        ("models/marts/new.sql", Path.touch, "is not in it"),
        ("models/new.py", Path.touch, "is not in it"),
    ],
)
def test_a_changed_project_is_told_by_the_file(
    copy: Path, file: str, change: Callable[[Path], None], reason: str
) -> None:
    assert told(copy) is None
    change(copy / file)
    assert told(copy) == f"'{file}' {reason}"


def test_a_clone_is_newer_than_its_manifest_and_not_doubted(copy: Path) -> None:
    stamped(copy, -60)
    assert told(copy) is None


def test_a_file_written_again_as_it_was_is_not_doubted(copy: Path) -> None:
    for name in ("*.sql", "*.csv"):
        stamped(copy, -60, name)
    assert told(copy) is None


def test_a_line_end_of_another_system_is_no_change(copy: Path) -> None:
    for path in copy.joinpath("models").rglob("*.sql"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert told(copy) is None


@pytest.mark.parametrize("name", [".dbtignore", "models/.hidden.sql", "models/notes.md", "a.sql"])
def test_what_dbt_may_leave_out_is_not_missed(copy: Path, name: str) -> None:
    (copy / name).write_text("models/new.sql")
    if name == ".dbtignore":
        (copy / "models" / "new.sql").touch()
    assert told(copy) is None


def test_what_lies_behind_a_link_is_not_missed(copy: Path, tmp_path: Path) -> None:
    shutil.move(copy / "models" / "staging", tmp_path / "staging")
    (copy / "models" / "staging").symlink_to(tmp_path / "staging")
    assert told(copy) is None


def test_the_manifest_of_another_project_is_doubted(copy: Path) -> None:
    path = copy / "dbt_project.yml"
    path.write_text(path.read_text().replace("name: shop", "name: store", 1))
    assert told(copy) == "it is of the project 'shop', and this is 'store'"


def test_the_checksums_of_a_dbt_to_come_are_not_judged(copy: Path) -> None:
    path = copy / "target" / "manifest.json"
    text = path.read_text(encoding="utf-8")
    data = json.loads(text)
    for node in data["nodes"].values():
        node["checksum"] = {"name": "sha256", "checksum": "0" * 64}
    stamped(copy, -60, "stg_*.sql")
    path.write_text(json.dumps(data))
    os.utime(path, (1e9, 1e9))
    assert str(told(copy)).endswith("has changed since")
    data["metadata"]["dbt_version"] = "2.0.0"
    path.write_text(json.dumps(data))
    os.utime(path, (1e9, 1e9))
    assert told(copy) is None


HOSTILE = (
    *("/etc/passwd", "../outside.sql", "models/../../outside.sql", "..\\outside.sql"),
    *("C:\\outside.sql", "//host/x", "models/a.sql\0", "", ".", "..", "models/link.sql", None, 7),
    *("~/x", "models/link/outside.sql", ["models/a.sql"], {"a": 1}),
)


@pytest.mark.parametrize("path", HOSTILE)
def test_a_hostile_path_is_never_opened(
    path: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: shop")
    (tmp_path / "outside.sql").write_text("select 1")
    (project / "models" / "link.sql").symlink_to(tmp_path / "outside.sql")
    (project / "models" / "link").symlink_to(tmp_path)
    node = model("model.shop.a", original_file_path=path, patch_path=f"shop://{path}", path=path)
    node["checksum"] = {"name": "sha256", "checksum": "0" * 64}
    data = document({}) | {"nodes": {"model.shop.a": node}, "disabled": {"x": [node, 7], "y": 7}}
    data["metadata"]["dbt_version"] = "1.11.0"
    file = project / "manifest.json"
    file.write_text(json.dumps(data))
    os.utime(file, (1e9, 1e9))
    read = manifest.load(file)
    opened: list[Path] = []
    monkeypatch.setattr(freshness, "read_bytes", lambda path, most: opened.append(path) or b"")
    assert doubt(read, project) in (None, f"'{path}' is gone")
    assert opened == []


def test_a_project_of_very_many_files_is_not_looked_through(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy / "models" / "new.sql").touch()
    monkeypatch.setattr(files, "MAX_ENTRIES", 20)
    assert told(copy) is None


def test_no_more_is_read_than_is_said(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    appended(" limit 1")(copy / "models" / "staging" / "stg_orders.sql")
    monkeypatch.setattr(freshness, "MAX_BYTES", 8)
    assert told(copy) is None
