"""A manifest as dbt 2 writes it, which is the Rust engine, means what dbt-core's means.

That dbt does not run here. The manifest is dbt-core's own, changed as people report of dbt 2:
keys that are null are left out, objects and lists of nothing may be null, keys are there that
dbt-core does not know, and macros name no macros.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipegen.dbt import manifest
from pipegen.dbt.lineage import Lineage, node_selector
from pipegen.dbt.manifest import Manifest
from pipegen.dbt.selection import Selection, select
from tests.dbt.conftest import Shop

NODES = ("nodes", "sources", "exposures", "unit_tests", "metrics", "semantic_models", "functions")
KEPT = {"config", "depends_on", "tags", "fqn", "checksum", "raw_code"}
ASKED = [
    Selection(("fqn:*",)),
    Selection(("+fct_orders", "tag:staging+"), ("test_type:generic",)),
    Selection(("config.materialized:view", "unit_test:*", "path:models/marts"), (), "cautious"),
    Selection(("@source:erp.orders", "+exposure:crm_sync", "group:finance"), (), "buildable"),
    Selection((), (), "eager", "nightly"),
]


def without_nulls(raw: dict[str, Any]) -> None:
    for collection in NODES:
        for entry in raw.get(collection, {}).values():
            for part in (entry, entry.get("config") or {}):
                for key in [key for key, value in part.items() if value is None]:
                    del part[key]


def with_nulls(raw: dict[str, Any]) -> None:
    for key in ("group_map", "saved_queries", "docs", "disabled", "groups", "functions"):
        if not raw.get(key):
            raw[key] = None
    for collection in NODES:
        for entry in (raw.get(collection) or {}).values():
            for part in (entry, entry.get("config") or {}):
                for key, value in part.items():
                    if value in ({}, []) and key not in KEPT:
                        part[key] = None
            if "overrides" in entry:
                entry["overrides"] = {"macros": None, "vars": {"a": 1}}


def with_keys_of_its_own(raw: dict[str, Any]) -> None:
    raw["metadata"] |= {"dbt_version": "2.0.1", "engine": "rust", "env": None}
    raw["function_map"] = {}
    for macro in raw["macros"].values():
        macro["depends_on"] = {"macros": []}
    for collection in NODES:
        for entry in (raw.get(collection) or {}).values():
            entry["__base_attr__"] = {"static_analysis": "on"}
            if isinstance(entry.get("config"), dict):
                entry["config"]["static_analysis"] = "strict"


def all_of_it(raw: dict[str, Any]) -> None:
    with_keys_of_its_own(raw)
    with_nulls(raw)


@pytest.mark.parametrize("change", [without_nulls, with_nulls, with_keys_of_its_own, all_of_it])
def test_it_means_what_that_of_dbt_core_means(
    shop: Shop, written: Callable[[object], Path], change: Callable[[dict[str, Any]], None]
) -> None:
    raw = copy.deepcopy(dict(shop.manifest.raw))
    change(raw)
    assert raw != shop.manifest.raw
    read = manifest.load(written(raw))
    assert facts(read) == facts(shop.manifest)
    assert select(read, shop.dir, ASKED) == select(shop.manifest, shop.dir, ASKED)
    every = [key for key, one in read.resources.items() if one.resource_type == "model"]
    assert [node_selector(read, key) for key in every] == [
        node_selector(shop.manifest, key) for key in every
    ]
    assert Lineage(read).collapse(every) == Lineage(shop.manifest).collapse(every)


def facts(read: Manifest) -> dict[str, object]:
    return dict(read.resources)


def test_a_null_for_what_a_resource_is_made_of_is_nothing_said(
    shop: Shop, written: Callable[[object], Path]
) -> None:
    raw = copy.deepcopy(dict(shop.manifest.raw))
    node = raw["nodes"]["model.shop.deep"]
    node |= {"config": None, "meta": None, "columns": None, "tags": None, "refs": None}
    read = manifest.load(written(raw))
    (found,) = select(read, shop.dir, [Selection(("deep",), (), "empty")])
    assert found == ("model.shop.deep",)
