"""What pipegen spares dbt's selector changes none of its answers."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dbt.graph import ResourceTypeSelector, SelectionCriteria
from dbt.node_types import NodeType

from pipegen.dbt import manifest
from pipegen.dbt.core import alone, link
from pipegen.dbt.manifest import COLLECTIONS
from pipegen.dbt.selection import Selection, select
from pipegen.dbt.shortcuts import QuickSelector
from tests.dbt.conftest import TYPES, Shop


def as_parsed(raw: dict[str, Any]) -> None:
    """Leave a manifest as it is."""


def alike_across_kinds(raw: dict[str, Any]) -> None:
    """Let tables of sources and models have all in common that a selection goes by."""
    models = (node for node in raw["nodes"].values() if node["resource_type"] == "model")
    shared = ("fqn", "tags", "original_file_path", "patch_path")
    for source, node in zip(raw["sources"].values(), models, strict=False):
        source |= {key: node[key] for key in shared}


def disabled_in_part(raw: dict[str, Any]) -> None:
    """Disable what nothing depends on, as dbt does but for where it stands."""
    for unique_id, node in raw["nodes"].items():
        if not raw["child_map"].get(unique_id):
            node["config"]["enabled"] = False


@pytest.mark.parametrize("change", [as_parsed, alike_across_kinds, disabled_in_part])
def test_each_criterion_means_what_it_means_to_dbt(shop: Shop, change: Any) -> None:
    raw = copy.deepcopy(dict(shop.manifest.raw))
    change(raw)
    linked = link(raw)
    settings: dict[str, Any] = {
        "graph": linked.graph,
        "manifest": linked.manifest,
        "previous_state": None,
        "resource_types": [kind for kind in NodeType if kind in TYPES],
    }
    plain, quick = ResourceTypeSelector(**settings), QuickSelector(**settings)
    with alone(shop.dir):
        asked = {text: SelectionCriteria.from_single_spec(text) for text in criteria(raw)}
        expected = {text: plain.get_nodes_from_criteria(spec) for text, spec in asked.items()}
        for _ in range(2):
            got = {text: quick.get_nodes_from_criteria(spec) for text, spec in asked.items()}
            assert {text for text in asked if got[text] != expected[text]} == set()
    assert sum(bool(direct) for direct, _ in expected.values()) > 100


def criteria(raw: Mapping[str, Any]) -> Iterator[str]:
    """Yield what may be written of each node: names, files and folders, in whole and in part."""
    for entry in (entry for key in COLLECTIONS for entry in raw.get(key, {}).values()):
        fqn, path = entry["fqn"], Path(entry["original_file_path"])
        for end in range(1, len(fqn) + 1):
            yield f"fqn:{'.'.join(fqn[:end])}"
            yield f"fqn:{'.'.join(fqn[-end:])}"
            yield f"fqn:{'_'.join(fqn[-end:])}"
            yield f"fqn:elsewhere.{'.'.join(fqn[-end:])}"
            yield f"fqn:{'.'.join(fqn[:end])[:-1]}"
        yield f"fqn:{fqn[-1][:3]}*"
        yield f"fqn:{'.'.join(fqn[:2])}.?{fqn[-1][1:]}"
        for part in (path, *path.parents[:-1]):  # the last is the project, which dbt refuses
            yield f"path:{part}"
            yield f"path:./{part}/"
        yield from (f"path:{path.parent}/*", f"path:{path.parts[0]}/**/{path.name[:2]}*")
        yield from (f"file:{path.name}", f"file:{path.stem}", f"file:{path.stem[:2]}*")
        yield from (f"package:{entry['package_name']}", "package:this")
        yield from (f"tag:{tag}" for tag in entry.get("tags") or ())
        yield from (f"tag:{tag[:1]}*" for tag in entry.get("tags") or ())
    yield from ("1+stg_orders+", "@orders", "resource_type:test", "fqn:*", "fqn:.")


def test_files_are_looked_for_each_time(shop: Shop, tmp_path: Path) -> None:
    project = Path(shutil.copytree(shop.dir, tmp_path / "shop"))
    read = manifest.load(shop.manifest.path)
    path = read.resources["model.shop.orders"].path
    asked = Selection((f"path:{path}",))
    (before,) = select(read, project, [asked])
    assert "model.shop.orders" in before
    (project / path).unlink()
    (after,) = select(read, project, [asked])
    assert "model.shop.orders" not in after
