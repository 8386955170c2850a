"""`validate` touches nothing: no network, no process, no file, no module of the user's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.conftest import document
from tests.trust.hostile import put
from tests.trust.running import PIPELINE, PROJECT, pipegen, project

SHOP = Path(__file__).parents[2] / "examples" / "shop"
WATCHED = """
import json, os, sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
TOUCHING = ("socket.", "subprocess.", "shutil.", "os.exec", "os.fork", "os.posix_spawn",
            "os.spawn", "os.system", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link",
            "os.symlink", "os.chmod", "os.chown", "os.truncate", "os.utime", "os.kill", "tempfile.",
            "webbrowser.", "ftplib.", "http.")
events = []

def is_probe(event, arguments):  # urllib3, which dbt imports, asks whether there is IPv6
    return event == "socket.__new__" or (event, arguments[1:]) == ("socket.bind", (("::1", 0),))

def fork_exec(*arguments):  # the one way to a process that no event tells of
    events.append(f"fork_exec {arguments[0]}")
    return started(*arguments)

import _posixsubprocess
started, _posixsubprocess.fork_exec = _posixsubprocess.fork_exec, fork_exec

def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if set(mode or "") & set("wax+") or (flags or 0) & WRITING:
            events.append(f"open {path} {mode} {flags}")
    elif event.startswith(TOUCHING) and not is_probe(event, arguments):
        events.append(f"{event} {arguments}")

sys.dont_write_bytecode = True
sys.addaudithook(watch)
from pipegen.cli import main

try:
    main()
finally:
    touched = list(events)
    loaded = sorted(getattr(m, "__file__", None) or "" for m in list(sys.modules.values()))
    sys.stderr.write("\\nWATCHED " + json.dumps({"events": touched, "loaded": loaded}))
"""
PLANTED = (
    *("shop_ingest", "shop_out", "yaml", "json", "typer", "pydantic", "jinja2", "dbt", "rich"),
    *("sitecustomize", "usercustomize", "conftest", "croniter", "airflow", "cosmos", "prefect"),
    *("dagster", "os", "re", "pipegen_plugin", "plugins", "macros"),
)
TRAP = 'open(__file__ + ".SPRUNG", "w").close()\n'


def plant(root: Path) -> None:
    """Put modules into a project that leave a trace when they are imported."""
    for folder in (root, root / "pipelines", root / "dbt"):
        folder.mkdir(exist_ok=True)
        for name in PLANTED:
            (folder / f"{name}.py").write_text(TRAP)
    for name in ("setup.py", "__init__.py", "__main__.py"):
        (root / name).write_text(TRAP)


def contents(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def shop(root: Path) -> Path:
    left_out = shutil.ignore_patterns("target", "logs", "generated", "shop_ingest", "shop_out")
    shutil.copytree(SHOP, root, ignore=left_out)
    return root


def broken(root: Path) -> Path:
    """Write every kind of fault: YAML, shape, names, references, dbt, secrets."""
    project(
        root,
        **{
            "pipelines/shape": {**PIPELINE, "pipelin": 1, "schedule": {"cron": "never"}},
            "pipelines/dbt": {**PIPELINE, "transforms": {"t": {"project": "no", "select": "a"}}},
            "pipelines/text": {**PIPELINE, "description": "${HOME} {{ x }}"},
        },
    )
    put(root / "pipelines" / "syntax.yaml", "a: [")
    put(root / "pipelines" / "tag.yaml", "a: !!python/object/apply:os.system [touch SPRUNG]")
    return root


def with_manifest(root: Path) -> Path:
    """Write a project whose selections dbt itself must resolve."""
    dbt = {"projects": {"shop": {"dir": "dbt", "target": "dev", "manifest": "manifest.json"}}}
    transforms: dict[str, Any] = {
        name: {"project": "shop", "select": select, "granularity": "step"}
        for name, select in (("one", "a"), ("two", "b+"))
    }
    project(
        root,
        pipegen={**PROJECT, "dbt": dbt},
        **{"pipelines/x": {**PIPELINE, "transforms": transforms}},
    )
    nodes = {"model.shop.a": [], "model.shop.b": [], "model.shop.c": ["model.shop.b"]}
    put(root / "manifest.json", json.dumps(document(nodes)))
    put(root / "dbt" / "dbt_project.yml", "name: shop\nprofile: shop")
    put(root / "dbt" / "profiles.yml", "shop: {}")
    return root


@pytest.mark.parametrize(
    ("make", "code"), [(shop, 0), (broken, 1), (with_manifest, 0)], ids=["lock", "broken", "dbt"]
)
def test_validate_touches_nothing(make: Any, code: int, tmp_path: Path) -> None:
    root = make(tmp_path / "project")
    plant(root)
    program = tmp_path / "watched.py"
    program.write_text(WATCHED)
    before = contents(tmp_path)
    home = tmp_path / "home"
    env = {"HOME": str(home), "XDG_CACHE_HOME": str(home), "TMPDIR": str(home)}
    env["PIPEGEN_CACHE_DIR"] = str(home / "kept")
    done = pipegen(root, "validate", program=[str(program)], env=env)
    assert done.returncode == code, done.stdout + done.stderr
    told = json.loads(done.stderr.rpartition("\nWATCHED ")[2])
    assert told["events"] == []
    assert not [path for path in told["loaded"] if path.startswith(str(root))]
    assert contents(tmp_path) == before
    assert not home.exists()


@pytest.mark.parametrize("command", ["validate", "render", "graph"])
def test_a_module_of_the_project_stands_in_for_no_library(command: str, tmp_path: Path) -> None:
    """`python -m` puts the working folder first where Python looks for modules."""
    root = project(tmp_path)
    plant(root)
    done = pipegen(root, command, *(["x"] if command == "graph" else []))
    assert done.returncode == 0, done.stderr
    assert not list(root.rglob("*.SPRUNG"))
