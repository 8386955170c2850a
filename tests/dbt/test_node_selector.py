"""The selection of one node selects that node, by dbt's own account."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipegen.dbt import manifest
from pipegen.dbt.lineage import node_selector
from pipegen.dbt.manifest import ManifestError
from pipegen.dbt.selection import Selection, select
from tests.dbt.cases import KINDS
from tests.dbt.conftest import TYPES, VERSION, Shop, document, model, options


def test_every_node_of_the_project_is_selected_alone(shop: Shop) -> None:
    """Only an empty model cannot be: no `dbt build` selects it."""
    unique_ids = [
        unique_id
        for unique_id, resource in shop.manifest.resources.items()
        if resource.resource_type in TYPES
    ]
    tokens = [node_selector(shop.manifest, unique_id) for unique_id in unique_ids]
    asked = [Selection((token,), (), "empty") for token in tokens]
    resolved = select(shop.manifest, shop.dir, asked)
    wrong = {
        token: (unique_id, found)
        for unique_id, token, found in zip(unique_ids, tokens, resolved, strict=True)
        if found != (unique_id,)
    }
    assert wrong == {"nothing": ("model.shop.nothing", ())}
    assert len(set(tokens)) == len(tokens)


@pytest.mark.parametrize(
    ("unique_id", "token"),
    [
        ("model.shop.stg__payments__raw", "stg__payments__raw"),
        ("model.shop.dim_customers.v2", "dim_customers.v2"),
        ("model.shop.orders", "orders,path:models/orders.sql"),
        ("model.shop.marts", "marts.sub.marts"),
        ("model.toolkit.orders", "toolkit.shop.orders"),
        ("model.toolkit.dim_customers_v2", "toolkit.dim_customers_v2"),
        ("model.shop.items.sql", "fqn:items.sql"),
        ("model.shop.-dash", "fqn:-dash"),
        ("model.shop.odd+name", "shop.marts.sub.odd?name"),
        ("model.shop.café", "café"),
        ("snapshot.shop.orders_history", "orders_history"),
        ("test.shop.assert_amounts_are_positive", "assert_amounts_are_positive"),
        ("test.shop.same_name.f7fa3d5c33", "same_name,fct_orders+1"),
        ("source.shop.erp.payments", "source:erp.payments"),
        (
            "unit_test.shop.dim_customers.customers_are_named_v1",
            "customers_are_named,dim_customers.v1+1",
        ),
        *[("function.shop.doubled", "doubled") for _ in KINDS[VERSION]],
    ],
)
def test_the_name_is_as_short_as_it_can_be(shop: Shop, unique_id: str, token: str) -> None:
    assert node_selector(shop.manifest, unique_id) == token


def test_a_source_is_selected_alone_by_dbt(shop: Shop) -> None:
    for source in shop.manifest.sources():
        selection = Selection((node_selector(shop.manifest, source.unique_id),), (), "empty")
        listed = shop.dbt("ls", "--output", "json", "--quiet", *options(selection)).result
        assert [json.loads(line)["unique_id"] for line in listed] == [source.unique_id]


def test_two_tests_of_one_name_on_one_model_cannot_be_told_apart(
    written: Callable[[object], Path],
) -> None:
    fields = {"name": "same", "fqn": ["shop", "same"], "original_file_path": "models/a.yml"}
    tests = {
        name: model(name, ["model.shop.a"], **fields) for name in ("test.shop.1", "test.shop.2")
    }
    nodes = document({"model.shop.a": []})["nodes"] | tests
    read = manifest.load(written(document({}) | {"nodes": nodes}))
    with pytest.raises(ManifestError, match=r"no selection of dbt means test\.shop\.1 alone"):
        node_selector(read, "test.shop.1")


names = st.sampled_from(
    ["a", "b", "shop", "a_v1", "a.b", "a.sql", "a b", "a+1", "-a", "1+a", "é,:/"]
)
folders = st.lists(st.sampled_from(["a", "b", "shop", "lib", "v1", "a.b"]), max_size=2)
places = st.tuples(
    st.sampled_from(["shop", "lib"]), folders, names, st.sampled_from([None, None, 1, 2])
)
numbers = count()


@settings(max_examples=80, deadline=None)
@given(drawn=st.lists(places, min_size=1, max_size=9))
def test_any_names_are_told_apart_or_an_odd_one_is_refused(
    drawn: list[tuple[str, list[str], str, int | None]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    project = tmp_path_factory.getbasetemp() / f"names{next(numbers)}"
    nodes: dict[str, dict[str, Any]] = {}
    for package, above, name, version in drawn:
        suffix = [] if version is None else [f"v{version}"]
        file = Path("models", *above, "_".join([name.replace("/", "_"), *suffix]) + ".sql")
        unique_id = ".".join(["model", package, name, *suffix])
        nodes[unique_id] = model(
            unique_id,
            name=name,
            fqn=[package, *above, name, *suffix],
            version=version,
            original_file_path=str(file),
        )
        if package == "shop":
            (project / file).parent.mkdir(parents=True, exist_ok=True)
            (project / file).touch()
    project.mkdir(exist_ok=True)
    path = project / "manifest.json"
    path.write_text(json.dumps(document({}) | {"nodes": nodes}))
    read = manifest.load(path)
    for unique_id in nodes:
        try:
            token = node_selector(read, unique_id)
        except ManifestError:
            assert unique_id.startswith("model.lib.") or not re.fullmatch(r"[\w.-]+", unique_id)
            continue
        asked = Selection((token,), (), "empty")
        assert select(read, project, [asked]) == ((unique_id,),), token
        assert " " not in token
