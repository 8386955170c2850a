"""G11: no secret reaches an output: written out, it is refused and starred; named, never read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from pipegen.cli import app
from pipegen.report import Format

LANGUAGE = Path(__file__).parents[2] / "pipegen" / "schema" / "language"
CANARY = "ghp_c4n4ryC4N4RYc4n4ryC4N4RYc4n4ryC4N4RY"
PASSWORD = "c4n4ry-hunter2"
FILES = ["pipegen.yaml", *(f"pipelines/{p.name}" for p in sorted(LANGUAGE.glob("pipelines/*")))]

Place = tuple[str | int, ...]


def texts(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the places of all texts, those in lists too."""
    match value:
        case dict():
            for key, item in value.items():
                yield from texts(item, (*place, key))
        case list():
            for index, item in enumerate(value):
                yield from texts(item, (*place, index))
        case str():
            yield place


def planted(value: Any, place: Place, text: str) -> Any:
    if not place:
        return text
    key, *rest = place
    copy = value.copy()
    copy[key] = planted(value[key], tuple(rest), text)
    return copy


def reports(arguments: list[str]) -> Mapping[str, str]:
    """Return what each format prints."""
    found = {}
    for format in Format:
        result = CliRunner().invoke(app, [*arguments, "--output-format", format])
        assert result.exit_code == 3, result.output
        found[format.value] = result.output
    return found


def lay_out(folder: Path, file: str, document: Any) -> None:
    for name in FILES:
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        target.write_text((LANGUAGE / name).read_text("utf-8"), encoding="utf-8")
    text = json.dumps(document, indent=1, default=str)  # which is YAML, too
    (folder / file).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("file", FILES)
def test_a_token_in_any_text_is_refused_and_never_printed(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load((LANGUAGE / file).read_text("utf-8"))
    monkeypatch.chdir(tmp_path)
    places = list(texts(document))
    assert places
    for number, place in enumerate(places):
        lay_out(tmp_path, file, planted(document, place, f"x {CANARY}"))
        arguments = ["validate", "--output-format", "human"]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 3, (place, result.output)
        assert CANARY not in result.output, place
        if number % 10 == 0:
            assert not any(CANARY in text for text in reports(["validate"]).values()), place


@pytest.mark.parametrize("key", ["password", "api_key", "client_secret", "token", "pwd"])
def test_a_literal_at_a_key_of_secrets_is_refused_and_never_printed(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (
        "version: 1\npipeline: p\nsources:\n  load:\n    kind: python\n    callable: a:b\n"
        f"    args: {{{key}: {PASSWORD}, url: 'postgresql://me:{PASSWORD}@db/x'}}\n"
    )
    (tmp_path / "pipegen.yaml").write_text("version: 1\nproject: p\nbackends: {headless: {}}\n")
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "p.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    for name, output in reports(["validate"]).items():
        assert PASSWORD not in output, name
    for name, output in reports(["render"]).items():
        assert PASSWORD not in output, name
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipegen.yaml", "pipelines"]


def test_a_variable_of_the_environment_is_never_read(tmp_path: Path) -> None:
    names = {
        name
        for file in FILES
        for name in re.findall(r"\$\{ENV:(\w+)\}", (LANGUAGE / file).read_text("utf-8"))
    }
    project = (
        "version: 1\nproject: p\nbackends: {airflow: {}, dagster: {}, prefect: {}, headless: {}}\n"
        "connections: {hook: {kind: http, url: '${ENV:URL}', token: '${ENV:TOKEN}'}}\n"
    )
    pipeline = (
        "version: 1\npipeline: p\nsources:\n  load: {kind: http, connection: hook,"
        " headers: {X: '${ENV:HEADER}'}, body: '${ENV:BODY}'}\n"
        "  run: {kind: shell, command: ['${ENV:COMMAND}'], env: {A: '${ENV:VALUE}'}}\n"
    )
    names |= set(re.findall(r"\$\{ENV:(\w+)\}", project + pipeline))
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipegen.yaml").write_text(project)
    (tmp_path / "pipelines" / "p.yaml").write_text(pipeline)
    env = {**os.environ, **dict.fromkeys(names, CANARY), "HOME": str(tmp_path)}
    told = b""
    for command in (["validate"], ["render"], ["graph", "p"], ["validate", str(LANGUAGE)]):
        done = subprocess.run(
            [sys.executable, "-m", "pipegen", *command],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        told += done.stdout + done.stderr
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 8
    assert CANARY.encode() not in told + b"".join(written)
