"""The JSON Schemas editors use are those of the models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipegen import schema
from pipegen.resources import resource


@pytest.mark.parametrize("name", schema.SCHEMAS)
def test_a_committed_schema_is_current(name: str) -> None:
    committed = (resource("schemas") / name).read_text(encoding="utf-8")
    assert committed == schema.text(name), "run `python -m pipegen.schema`"


@pytest.mark.parametrize("name", schema.SCHEMAS)
def test_every_property_is_described(name: str) -> None:
    loaded = json.loads(schema.text(name))
    models = [loaded, *loaded.get("$defs", {}).values()]
    bare = [
        f"{model.get('title')}.{key}"
        for model in models
        for key, value in model.get("properties", {}).items()
        if not value.get("description")
    ]
    assert bare == []


def test_no_file_is_left_over() -> None:
    assert {path.name for path in resource("schemas").iterdir()} == set(schema.SCHEMAS)


def test_the_module_writes_them(tmp_path: Path) -> None:
    schema.write(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(schema.SCHEMAS)
    assert (
        subprocess.run([sys.executable, "-c", "import pipegen.schema"], check=False).returncode == 0
    )
