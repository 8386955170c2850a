"""What is made to exhaust or crash a reader ends in a diagnostic, in little memory and time."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.dbt.conftest import document
from tests.trust.running import PIPELINE, PROJECT, Limits, pipegen, project
from tests.unit.test_source import CORPUS, LARGE

DEEP = 100_000
LINE = re.compile(r"^(?P<file>.+?):\d+:\d+: (?:error|warning)\W*(?P<code>PG\d{3})", re.MULTILINE)
WITH_DBT = {
    **PROJECT,
    "dbt": {"projects": {"shop": {"dir": "dbt", "target": "dev", "manifest": "manifest.json"}}},
}
SELECTING = {
    **PIPELINE,
    "transforms": {"all": {"project": "shop", "select": "resource_type:model"}},
}


def validate(root: Path, limits: Limits | None = None) -> dict[str, set[str]]:
    """Validate a project under limits, and return the codes found in each file."""
    done = pipegen(root, "validate", "--output-format", "concise", limits=limits or Limits())
    told = done.stdout + done.stderr
    assert done.returncode in (0, 1, 3), (done.returncode, told[-3000:])
    assert "Traceback" not in told
    found: dict[str, set[str]] = {}
    for match in LINE.finditer(told):
        found.setdefault(match["file"], set()).add(match["code"])
    return found


def test_one_bad_file_hides_no_other(tmp_path: Path) -> None:
    """All the hostile files of the corpus are pipelines of one project."""
    root = project(tmp_path)
    for path in CORPUS:
        shutil.copy(path, root / "pipelines" / path.name)
    for name, text in LARGE.items():
        (root / "pipelines" / f"{name}.yaml").write_bytes(text().encode("utf-8"))
    found = validate(root, Limits(seconds=30))
    for name in (*(path.stem for path in CORPUS), *LARGE):
        codes, code = found[f"pipelines/{name}.yaml"], name.partition("-")[0]
        assert code in codes or (code == "ok" and not any(c.startswith("PG0") for c in codes)), name
    assert "pipelines/x.yaml" not in found


@pytest.mark.parametrize(
    "name",
    [
        "PG003-large-mapping-merged-often",
        "PG005-lists-100000-deep",
        "PG005-mappings-100000-deep",
        "PG005-too-many-values",
        "PG005-hexadecimal-of-a-megabyte",
        "PG006-many-duplicate-keys",
    ],
)
def test_a_bomb_in_the_project_file_is_refused(name: str, tmp_path: Path) -> None:
    root = project(tmp_path)
    (root / "pipegen.yaml").write_bytes(LARGE[name]().encode("utf-8"))
    assert name.partition("-")[0] in validate(root)["pipegen.yaml"]


BOMBS = {
    "lists": lambda: "[" * DEEP,
    "objects": lambda: '{"a": ' * DEEP,
    "closed lists": lambda: "[" * DEEP + "]" * DEEP,
    "a long number": lambda: "1" * 1_000_000,
    "many numbers": lambda: "[" + "1," * 2_000_000 + "1]",
    "no text": lambda: "\0" * 1_000_000,
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_for_a_lock_makes_it_a_lock_to_renew(bomb: str, tmp_path: Path) -> None:
    root = project(tmp_path, pipegen=WITH_DBT, **{"pipelines/x": SELECTING})
    (root / "pipegen.lock").mkdir()
    (root / "pipegen.lock" / "x.json").write_text(BOMBS[bomb]())
    assert validate(root) == {"pipelines/x.yaml": {"PG403"}}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_for_a_manifest_is_refused(bomb: str, tmp_path: Path) -> None:
    root = project(tmp_path, pipegen=WITH_DBT, **{"pipelines/x": SELECTING})
    (root / "manifest.json").write_text(BOMBS[bomb]())
    assert validate(root) == {"pipelines/x.yaml": {"PG404"}}


def laughs() -> str:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    return "\n".join(lines)


def merges() -> str:
    lines = ["a0: &a0 {k: v}"]
    lines += [
        f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 9)}], k{i}: v}}" for i in range(1, 9)
    ]
    return "\n".join(lines)


DBT_PROJECTS: dict[str, Callable[[], str]] = {
    "lists": lambda: "profile: p\nvars: " + "[" * DEEP + "]" * DEEP,
    "mappings": lambda: "profile: p\nvars: " + "{a: " * DEEP + "1" + "}" * DEEP,
    "dashes": lambda: "profile: p\nvars:\n  " + "- " * DEEP + "x",
    "references to references": laughs,
    "merges of merges": merges,
    "a list": lambda: "- profile: p",
    "a mapping for a profile": lambda: "profile: {a: b}",
    "no text": lambda: "\0",
    "a python object": lambda: "profile: !!python/object/apply:os.getcwd []",
}


@pytest.mark.parametrize("bomb", DBT_PROJECTS)
def test_a_bomb_for_a_dbt_project_is_refused_or_harmless(bomb: str, tmp_path: Path) -> None:
    """It is of another's format: dbt reads what pipegen needs nothing of."""
    root = project(tmp_path, pipegen=WITH_DBT, **{"pipelines/x": SELECTING})
    manifest = document({"model.shop.a": ()})
    model = root / "dbt" / manifest["nodes"]["model.shop.a"]["original_file_path"]
    model.parent.mkdir(parents=True)
    model.touch()
    (root / "manifest.json").write_text(json.dumps(manifest))
    (root / "dbt" / "dbt_project.yml").write_text(DBT_PROJECTS[bomb]())
    codes = set().union(*validate(root, Limits(memory=2048, seconds=30)).values())
    assert codes <= {"PG302", "PG404"}


@pytest.mark.parametrize("file", ["pipelines/y.yaml", "pipegen.lock/x.json", "manifest.json"])
@pytest.mark.parametrize("kind", ["endless", "pipe", "folder", "loop"])
def test_what_is_no_file_is_not_read(file: str, kind: str, tmp_path: Path) -> None:
    """A link to what never ends can be committed; a pipe may lie in a checkout."""
    root = project(tmp_path, pipegen=WITH_DBT, **{"pipelines/x": SELECTING})
    path = root / file
    path.parent.mkdir(exist_ok=True)
    match kind:
        case "endless":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path.name)
    found = validate(root, Limits(seconds=20))
    code = {"pipelines/y.yaml": "PG011", "pipegen.lock/x.json": "PG403", "manifest.json": "PG404"}
    place = file if file.startswith("pipelines") else "pipelines/x.yaml"
    if (file, kind) == ("pipelines/y.yaml", "folder"):
        assert place not in found, "a folder may have any name"
        return
    assert found[place] & {code[file], "PG403" if kind == "loop" else ""}


@pytest.mark.parametrize(
    "name", ["a\nb", "a\u202eb", "a\x1b[31mb", "\udcff", "a\u2028b", "a\rb", "a\u200bb"]
)
def test_a_file_whose_name_nobody_can_read_is_refused(name: str, tmp_path: Path) -> None:
    """It would stand in a comment of the generated code."""
    root = project(tmp_path)
    (root / "pipelines" / "x.yaml").rename(root / "pipelines" / f"{name}.yaml")
    done = pipegen(root, "validate", "--output-format", "concise", limits=Limits())
    assert done.returncode == 1, done.stderr
    assert "PG011" in done.stdout
    assert name not in done.stdout
