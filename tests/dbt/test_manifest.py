"""Reading a manifest: JSON only, typed, and refused with a reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipegen.dbt import manifest
from pipegen.dbt.manifest import ManifestError
from tests.dbt.conftest import TYPES, Shop, document, model

Write = Callable[[object], Path]


def test_a_missing_manifest_is_no_manifest_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        manifest.load(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a": ' * 200_000, "nested too deeply"),
        ("1" * 5000, "not valid JSON"),
        ("[]", "not an object"),
        ("null", "not an object"),
        ("{}", "dbt_schema_version"),
        ('{"metadata": []}', "dbt_schema_version"),
        ('{"metadata": {"dbt_schema_version": "v12"}}', "dbt_schema_version"),
    ],
)
def test_what_is_no_manifest_is_refused(written: Write, content: str, reason: str) -> None:
    with pytest.raises(ManifestError, match=reason):
        manifest.load(written(content))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(b'{"metadata": "\xff\xfe\xfa"}')
    with pytest.raises(ManifestError, match="not valid JSON"):
        manifest.load(path)


def test_a_directory_in_its_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read"):
        manifest.load(tmp_path)


OLDER = "parse the project with dbt-core 1.8 or newer"
NEWER = "use a newer pipegen, or parse the project with an older dbt"


@pytest.mark.parametrize(
    ("schema", "version", "reason"),
    [
        ("v11", "1.7.4", f"dbt 1.7.4 wrote it, and schema v11 is not supported, v12 is: {OLDER}"),
        ("v13", "2.9.0", f"dbt 2.9.0 wrote it, and schema v13 is not supported, v12 is: {NEWER}"),
        ("v4", None, f"schema v4 is not supported, v12 is: {OLDER}"),
        ("v4", "\x1b[31m", f"schema v4 is not supported, v12 is: {OLDER}"),
        ("v" + "9" * 5000, 7, f"schema v{'9' * 9} is not supported, v12 is: {NEWER}"),
    ],
)
def test_another_schema_is_named_beside_the_accepted_one(
    written: Write, schema: str, version: object, reason: str
) -> None:
    data = document({}, schema=schema)
    data["metadata"]["dbt_version"] = version
    with pytest.raises(ManifestError) as caught:
        manifest.load(written(data))
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    "broken",
    [
        {"nodes": []},
        {"nodes": {"model.shop.a": None}},
        {"nodes": {"model.shop.a": {}}},
        {"nodes": {"model.shop.a": model("model.shop.a", config=7)}},
        {"nodes": {"model.shop.a": model("model.shop.a", fqn=7)}},
        {"nodes": {"model.shop.a": model("model.shop.a", depends_on=[1])}},
        {"groups": [1]},
    ],
)
def test_a_manifest_of_another_shape_is_refused(written: Write, broken: dict[str, Any]) -> None:
    with pytest.raises(ManifestError, match="not a manifest dbt wrote"):
        manifest.load(written(document({}) | broken))


def test_a_manifest_above_the_cap_is_refused(written: Write, monkeypatch: Any) -> None:
    monkeypatch.setattr(manifest, "MAX_BYTES", 1024 * 1024)
    with pytest.raises(ManifestError, match="larger than 1 MB"):
        manifest.load(written(" " * (1024 * 1024 + 1)))


def test_disabled_resources_are_left_out(written: Write, shop: Shop) -> None:
    off = model("model.shop.b", config={"enabled": False})
    loaded = manifest.load(written(document({"model.shop.a": []}) | {"nodes": {"x": off}}))
    assert not loaded.resources
    assert not [name for name in shop.manifest.resources if "switched_off" in name]


def test_every_kind_of_resource_is_there(shop: Shop) -> None:
    kinds = {resource.resource_type for resource in shop.manifest.resources.values()}
    read = {"exposure", "metric", "saved_query", "semantic_model", "source"}
    assert kinds == {*TYPES, *read}
    assert shop.manifest.project_name == "shop"


def test_a_model_has_what_dbt_knows_of_it(shop: Shop) -> None:
    fct = shop.manifest.resources["model.shop.fct_orders"]
    assert fct.name == fct.identifier == "fct_orders"
    assert (fct.package, fct.resource_type, fct.version) == ("shop", "model", None)
    assert fct.fqn == ("shop", "marts", "fct_orders")
    assert fct.path == "models/marts/fct_orders.sql"
    assert fct.parents == ("model.shop.int_order_payments", "model.toolkit.calendar")
    assert (fct.materialized, fct.severity, fct.source_name) == ("table", None, None)
    assert fct.tags == ("marts", "tier1")
    assert shop.manifest.resources["model.shop.stg_orders"].description == "One row per order"


def test_a_source_has_its_names(shop: Shop) -> None:
    assert [source.unique_id for source in shop.manifest.sources()] == [
        "source.shop.crm.orders",
        "source.shop.erp.orders",
        "source.shop.erp.payments",
    ]
    orders = shop.manifest.resources["source.shop.erp.orders"]
    assert (orders.source_name, orders.name, orders.identifier) == ("erp", "orders", "raw_orders")
    assert orders.parents == ()


def test_severity_is_lower_case_and_of_tests_alone(shop: Shop) -> None:
    severities = {
        resource.name: resource.severity
        for resource in shop.manifest.resources.values()
        if resource.severity
    }
    warnings = {name for name, severity in severities.items() if severity == "warn"}
    assert warnings == {
        "relationships_stg_orders_customer_id__customer_id__ref_stg_customers_",
        "warn_on_many_customers",
    }
    assert severities["orders_pass_through"] == "error"
    assert severities["assert_amounts_are_positive"] == "error"


@pytest.mark.parametrize(
    ("unique_id", "owner"),
    [
        ("model.shop.stg_orders", "order-team"),
        ("model.shop.fct_orders", "finance-team"),
        ("source.shop.erp.orders", "erp-team"),
        ("source.shop.crm.orders", None),
        ("exposure.shop.stg_customers", "crm-team"),
        ("exposure.shop.crm_sync", "crm@example.com"),
        ("model.shop.orders", None),
    ],
)
def test_the_owner_is_found_wherever_dbt_keeps_it(
    shop: Shop, unique_id: str, owner: str | None
) -> None:
    assert shop.manifest.resources[unique_id].owner == owner


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("fct_orders", ["model.shop.fct_orders"]),
        ("shop.fct_orders", ["model.shop.fct_orders"]),
        ("toolkit.calendar", ["model.toolkit.calendar"]),
        ("orders", ["model.shop.orders", "model.toolkit.orders"]),
        ("toolkit.orders", ["model.toolkit.orders"]),
        ("dim_customers", ["model.shop.dim_customers.v2"]),
        ("dim_customers.v1", ["model.shop.dim_customers.v1"]),
        ("shop.dim_customers.v2", ["model.shop.dim_customers.v2"]),
        ("raw_orders", ["seed.shop.raw_orders"]),
        ("orders_history", ["snapshot.shop.orders_history"]),
        ("erp.orders", ["source.shop.erp.orders"]),
        ("shop.crm.orders", ["source.shop.crm.orders"]),
        ("totals.per.day", ["model.shop.totals.per.day"]),
        ("stg__payments__raw", ["model.shop.stg__payments__raw"]),
        ("crm_sync", []),
        ("same_name", []),
        ("switched_off", []),
        ("dim_customers.v3", []),
        ("erp", []),
        ("", []),
    ],
)
def test_a_reference_finds_its_candidates(shop: Shop, reference: str, found: list[str]) -> None:
    assert [resource.unique_id for resource in shop.manifest.find(reference)] == found
    assert (reference in shop.manifest.references) is bool(found)


def test_reading_a_manifest_does_not_import_dbt(shop: Shop) -> None:
    path = shop.manifest.path
    program = (
        "import sys, pathlib\n"
        "from pipegen.dbt import lineage, manifest, selection\n"
        f"read = manifest.load(pathlib.Path({str(path)!r}))\n"
        "lineage.Lineage(read), lineage.node_selector(read, 'model.shop.orders')\n"
        "assert selection.select(read, read.path.parent, []) == ()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('dbt', 'dbt_common')])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (run.stdout, run.stderr) == ("[]\n", "")
