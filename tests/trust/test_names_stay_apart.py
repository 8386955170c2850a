"""Whatever tasks and pipelines are called, no two things of a generated file share a name."""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trust.hostile import put, yaml
from tests.trust.test_no_value_becomes_code import outcome, python_files

NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "python", "callable": "a.b:run", "args": {"day": "{{ run.date }}"}},
    {"kind": "shell", "command": ["ls", "{{ run.date }}"], "env": {"A": "${ENV:A}"}},
    {"kind": "http", "connection": "hook"},
)


def project(root: Path, pipeline: str, tasks: list[str]) -> dict[str, str]:
    """Compile a pipeline of these tasks for every back end; the first waits for all others."""
    connection = {"kind": "http", "url": "${ENV:URL}"}
    shared = {
        "version": 1,
        "project": "p",
        "backends": {"airflow": {}, "dagster": {}, "prefect": {}, "headless": {}},
        "connections": {"hook": connection},
    }
    sources: dict[str, Any] = {name: dict(KINDS[i % 3]) for i, name in enumerate(tasks)}
    sources[tasks[0]]["depends_on"] = tasks[1:]
    put(root / "pipegen.yaml", yaml(shared))
    schedule = {"cron": "0 5 * * *", "start": "2026-01-01"}
    spec = {"version": 1, "pipeline": pipeline, "schedule": schedule, "sources": sources}
    put(root / "pipelines" / "p.yaml", yaml(spec))
    files, errors = outcome(root)
    assert errors == []
    return dict(python_files(files))


def used(texts: Iterator[str]) -> set[str]:
    """Return every name and argument of some programs that a task may be called."""
    found = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
    for text in texts:
        for node in ast.walk(ast.parse(text)):
            match node:
                case ast.Name(id=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                    found.add(name)
                case ast.alias(name=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    found.add(name)
                case ast.AsyncFunctionDef(name=name):
                    found.add(name)
    return {name for name in map(str.lower, found) if NAME.fullmatch(name)}


def bound(body: list[ast.stmt]) -> Iterator[str]:
    """Yield every name a module binds, as often as it does, and every future of a flow."""
    for statement in body:
        match statement:
            case ast.With(body=inner):
                yield from bound(inner)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
                yield from (f"{name}.{future}" for future in futures(statement))
            case ast.Assign(targets=[ast.Name(id=name)]):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from (name.asname or name.name.partition(".")[0] for name in names)


def futures(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for statement in function.body:
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr="submit"))
            ):
                yield name


def twice(text: str) -> set[str]:
    counts = Counter(bound(ast.parse(text).body))
    return {name for name, count in counts.items() if count > 1}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return all words of the generated files, and each with what tells it apart appended."""
    files = project(tmp_path_factory.mktemp("plain"), "plain", ["one", "two", "three"])
    known = sorted(used(iter(files.values())))
    return [name + tail for name in known for tail in ("", "_", "__")]


def test_no_two_tasks_share_a_name(words: list[str], tmp_path: Path) -> None:
    for path, text in project(tmp_path, "flow", words).items():
        assert not twice(text), path
        assert path.endswith("definitions.py") or len(list(bound(ast.parse(text).body))) > len(
            words
        )


@pytest.mark.parametrize("pipeline", ["flow", "task", "main", "job", "defs", "dag", "run", "type"])
def test_no_pipeline_takes_the_name_of_a_task(pipeline: str, tmp_path: Path) -> None:
    names = [pipeline, f"{pipeline}_", f"{pipeline}__", f"run_{pipeline}"]
    for path, text in project(tmp_path, pipeline, names).items():
        assert not twice(text), path
