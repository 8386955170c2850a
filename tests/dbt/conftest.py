"""A real dbt project, copied and parsed once a session, and dbt itself to ask about it.

`project` is for every dbt-core; a folder of `since` adds what needs the version it is named by.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.version import __version__

from pipegen.dbt import manifest
from pipegen.dbt.manifest import Manifest
from pipegen.dbt.selection import Selection
from tests.dbt.cases import KINDS

PROJECT = Path(__file__).parent / "project"
SINCE = Path(__file__).parent / "since"
VERSION = ".".join(__version__.split(".")[:2])
TYPES = ("model", "seed", "snapshot", "test", "unit_test", *KINDS[VERSION])
QUIET = ("--log-level", "none", "--log-level-file", "none")


@dataclass
class Shop:
    """The project `shop`, and dbt running in it."""

    dir: Path
    parsed: Any = None
    manifest: Manifest = field(init=False)

    def dbt(self, *args: str, parsed: Any = None) -> dbtRunnerResult:
        """Run dbt. A `parsed` manifest saves time, but dbt can build from it only once."""
        with chdir(self.dir):
            return dbtRunner(manifest=parsed).invoke([*QUIET, *args])

    def ls(self, selection: Selection) -> tuple[str, ...]:
        """Return what `dbt ls` lists, without the models no `dbt build` selects."""
        types = [option for name in TYPES for option in ("--resource-type", name)]
        result = self.dbt(
            "ls", "--output", "json", "--quiet", *types, *options(selection), parsed=self.parsed
        )
        if result.exception is not None:
            raise result.exception
        listed = {json.loads(line)["unique_id"] for line in result.result or ()}
        return tuple(sorted(listed - self.empty))

    @property
    def empty(self) -> set[str]:
        """The models of no code: `dbt build` leaves them out, `dbt ls` does not."""
        nodes = self.manifest.raw["nodes"]
        return {
            unique_id
            for unique_id, node in nodes.items()
            if node["resource_type"] == "model" and not node["raw_code"].strip()
        }


def options(selection: Selection) -> list[str]:
    if selection.selector is not None:
        named = ["--selector", selection.selector]
        return [*named, "--indirect-selection", selection.indirect_selection]
    select = ["--select", *selection.select] if selection.select else []
    exclude = ["--exclude", *selection.exclude] if selection.exclude else []
    return [*select, *exclude, "--indirect-selection", selection.indirect_selection]


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    copy = tmp_path_factory.mktemp("dbt") / "shop"
    shutil.copytree(PROJECT, copy)
    for version in SINCE.iterdir():
        if _number(version.name) <= _number(VERSION):
            shutil.copytree(version, copy, dirs_exist_ok=True)
    shop = Shop(copy)
    assert shop.dbt("deps").success
    result = shop.dbt("parse")
    assert result.success, result.exception
    shop.parsed = result.result
    shop.manifest = manifest.load(copy / "target" / "manifest.json")
    return shop


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[object], Path]:
    """Write a document where a manifest is expected."""

    def write(document: object) -> Path:
        path = tmp_path / "manifest.json"
        path.write_text(document if isinstance(document, str) else json.dumps(document))
        return path

    return write


def document(
    nodes: Mapping[str, Sequence[str]], schema: str = "v12", **collections: Any
) -> dict[str, Any]:
    """Return the least of a manifest: models by unique id, and what each depends on."""
    return {
        "metadata": {
            "dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/{schema}.json",
            "project_name": "shop",
        },
        "nodes": {unique_id: model(unique_id, parents) for unique_id, parents in nodes.items()},
        **collections,
    }


def model(unique_id: str, parents: Sequence[str] = (), **fields: Any) -> dict[str, Any]:
    """Return a model as a manifest holds it, complete enough for dbt to read."""
    resource_type, package, name = unique_id.split(".", 2)
    return {
        "unique_id": unique_id,
        "name": name,
        "alias": name,
        "package_name": package,
        "resource_type": resource_type,
        "fqn": [package, name],
        "path": f"{name}.sql",
        "original_file_path": f"models/{name}.sql",
        "database": "db",
        "schema": "main",
        "checksum": {"name": "sha256", "checksum": ""},
        "raw_code": "select 1",
        "config": {"enabled": True, "materialized": "view"},
        "depends_on": {"macros": [], "nodes": list(parents)},
        **fields,
    }
