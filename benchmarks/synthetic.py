"""A dbt project of any size, with the manifest dbt would write for it in minutes, in seconds.

dbt parses a project of one source table, one staging model and one mart; what it says of these
is repeated under other names. The files are all there, so dbt can parse and build the whole too:
staging models name their source in a comment, and need no table.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PACKAGE = "synthetic"
FILES = {
    "dbt_project.yml": """\
name: synthetic
profile: synthetic
models:
  synthetic:
    staging: {+tags: staging, +materialized: view}
    marts: {+tags: marts, +materialized: table}
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """\
synthetic:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ env_var('SYNTHETIC_DB', 'synthetic.duckdb') }}", threads: 2}
""",
}
DOMAINS = 20
DEEPEST = 5


@dataclass(frozen=True)
class Model:
    """A model to be: `number` counts from zero within its folder; marts have `parents`."""

    layer: str
    domain: str
    number: int
    parents: tuple[Model, ...] = ()

    @property
    def name(self) -> str:
        """What dbt calls it."""
        prefix = "stg" if self.layer == "staging" else "fct"
        return f"{prefix}_{self.domain}_{self.number}"

    @property
    def table(self) -> str:
        """The source table a staging model reads."""
        return f"raw_{self.domain}_{self.number}"

    @property
    def path(self) -> str:
        """Its file, relative to the dbt project."""
        return f"models/{self.layer}/{self.domain}/{self.name}.sql"

    @property
    def code(self) -> str:
        """What its file holds, without the end of the line."""
        if self.layer == "staging":
            return f"select {self.number} as id -- from {{{{ source('erp', '{self.table}') }}}}"
        reads = [f"select id from {{{{ ref('{parent.name}') }}}}" for parent in self.parents]
        return f"select min(id) as id from ({' union all '.join(reads)}) as parents"


def planned(count: int) -> Iterator[Model]:
    """Yield models, three staging models to two marts, parents first.

    A mart reads two staging models and, but for each fifth, the mart before it.
    """
    domains = [f"d{number:02}" for number in range(max(1, min(DOMAINS, count // 5)))]
    for place, domain in enumerate(domains):
        size = count // len(domains) + (place < count % len(domains))
        staging = [Model("staging", domain, number) for number in range(max(1, size * 3 // 5))]
        yield from staging
        last: tuple[Model, ...] = ()
        for number in range(size - len(staging)):
            first = number % len(staging)
            read = dict.fromkeys((staging[first], staging[first * 7 % len(staging)]))
            last = (Model("marts", domain, number, (*read, *last[: bool(number % DEEPEST)])),)
            yield from last


def files(count: int) -> Iterator[tuple[str, str]]:
    """Yield the files of the dbt project, by path."""
    yield from FILES.items()
    folders: dict[str, list[Model]] = {}
    for model in planned(count):
        folders.setdefault(f"models/{model.layer}/{model.domain}", []).append(model)
        yield model.path, f"{model.code}\n"
    tables = [model.table for model in planned(count) if model.layer == "staging"]
    erp = {"name": "erp", "tables": [{"name": table} for table in tables]}
    yield "models/staging/sources.yml", json.dumps({"sources": [erp]})
    columns = [{"name": "id", "data_tests": ["not_null", "unique"]}]
    for folder, held in folders.items():
        described = [
            {"name": model.name, "config": {"tags": [model.domain]}, "columns": columns}
            for model in held
        ]
        yield f"{folder}/properties.yml", json.dumps({"models": described})


def project(folder: Path, count: int) -> Path:
    """Write `dbt/`, a dbt project of `count` models with its manifest; return the folder."""
    _lay_out(folder / "dbt", count)
    target = folder / "dbt" / "target"
    target.mkdir()
    (target / "manifest.json").write_text(json.dumps(manifest(count)), encoding="utf-8")
    return folder


def manifest(models: int) -> dict[str, Any]:
    """Return the manifest of a dbt project of `models` models, with two tests each."""
    whole: dict[str, Any] = json.loads(_parsed())
    seed = {key: whole[key] for key in ("nodes", "sources")}
    whole |= {"nodes": {}, "sources": {}}
    kinds = {layer: _of(seed, layer) for layer in ("staging", "marts")}
    for model in planned(models):
        for collection, entries in json.loads(_renamed(kinds[model.layer], model)).items():
            for entry in entries:
                if entry["resource_type"] == "model":
                    _fill(entry, model)
                whole[collection][entry["unique_id"]] = entry
    everything = whole["nodes"] | whole["sources"]
    whole["parent_map"] = {key: _parents(entry) for key, entry in everything.items()}
    whole["child_map"] = {key: [] for key in everything}
    for key, parents in whole["parent_map"].items():
        for parent in parents:
            whole["child_map"][parent].append(key)
    return whole


def _lay_out(folder: Path, count: int) -> None:
    for name, text in files(count):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@cache
def _parsed() -> str:
    """Return the manifest dbt writes for two models of one domain."""
    with TemporaryDirectory() as scratch:
        _lay_out(Path(scratch), 2)
        dbt = Path(sys.executable).with_name("dbt")
        options = ("--quiet", "parse", "--profiles-dir", ".")
        subprocess.run([dbt, *options], cwd=scratch, check=True)
        return (Path(scratch) / "target" / "manifest.json").read_text(encoding="utf-8")


def _of(seed: dict[str, Any], layer: str) -> str:
    """Return what dbt says of a layer's model, its tests and its source, as text."""
    (model,) = (model for model in planned(2) if model.layer == layer)
    unique_id = f"model.{PACKAGE}.{model.name}"
    nodes = [
        node
        for key, node in seed["nodes"].items()
        if key == unique_id or unique_id == node.get("attached_node")
    ]
    sources = list(seed["sources"].values()) if layer == "staging" else []
    return json.dumps({"nodes": nodes, "sources": sources})


def _renamed(text: str, model: Model) -> str:
    first = replace(model, domain="d00", number=0)
    for old, new in (
        (first.name, model.name),
        (first.table, model.table),
        ("/d00/", f"/{model.domain}/"),
        ('"d00"', f'"{model.domain}"'),
    ):
        text = text.replace(old, new)
    return text


def _fill(entry: dict[str, Any], model: Model) -> None:
    """Put in what is a model's own: its code, and what a mart reads."""
    names = [parent.name for parent in model.parents]
    entry["raw_code"] = model.code
    entry["checksum"]["checksum"] = sha256(model.code.encode()).hexdigest()
    entry["created_at"] += model.number
    if model.layer == "marts":
        entry["refs"] = [{"name": name, "package": None, "version": None} for name in names]
        entry["depends_on"]["nodes"] = [f"model.{PACKAGE}.{name}" for name in names]


def _parents(entry: dict[str, Any]) -> list[str]:
    return list(entry.get("depends_on", {}).get("nodes", ()))


if __name__ == "__main__":
    project(Path(sys.argv[1]), int(sys.argv[2]))
