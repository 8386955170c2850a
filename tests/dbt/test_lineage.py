"""Direct parents, ancestors, and what is left when only some nodes are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipegen.dbt import manifest
from pipegen.dbt.lineage import Lineage
from pipegen.dbt.manifest import DbtResource, Manifest, ManifestError
from tests.dbt.conftest import Shop, document


def test_an_ephemeral_model_is_seen_through(shop: Shop) -> None:
    lineage = Lineage(shop.manifest)
    assert lineage.parents("model.shop.fct_orders") == {
        "model.shop.int_order_payments",
        "model.toolkit.calendar",
    }
    kept = ["model.shop.fct_orders", "model.shop.stg_orders", "source.shop.erp.payments"]
    assert lineage.collapse(kept) == {
        "model.shop.fct_orders": ("model.shop.stg_orders", "source.shop.erp.payments"),
        "model.shop.stg_orders": (),
        "source.shop.erp.payments": (),
    }


def test_ancestors_reach_the_sources(shop: Shop) -> None:
    assert Lineage(shop.manifest).ancestors("model.shop.orders") == {
        "model.shop.stg_orders",
        "source.shop.erp.orders",
    }


def test_tests_are_within_what_holds_all_they_depend_on(shop: Shop) -> None:
    lineage, resources = Lineage(shop.manifest), shop.manifest.resources
    tests = {r for r in resources.values() if r.resource_type in ("test", "unit_test")}
    some = {parent for test in tests for parent in test.parents}
    for nodes in (some, *({*test.parents} for test in tests), set[str]()):
        expected = {t.unique_id for t in tests if t.parents and nodes.issuperset(t.parents)}
        assert lineage.tests_within(nodes) == expected


def test_unknown_landmarks_are_left_out(shop: Shop) -> None:
    assert Lineage(shop.manifest).collapse(["model.shop.gone"]) == {}


def test_a_cycle_is_refused_and_named(written: Callable[[object], Path]) -> None:
    nodes = {"model.s.a": ["model.s.b"], "model.s.b": ["model.s.c"], "model.s.c": ["model.s.a"]}
    with pytest.raises(ManifestError, match=r"cycle: model\.s\.. -> model\.s\.. -> model"):
        Lineage(manifest.load(written(document(nodes))))


def test_a_long_chain_is_no_matter() -> None:
    chain = {str(n): [str(n - 1)] if n else [] for n in range(20_000)}
    lineage = Lineage(_manifest(chain))
    assert lineage.collapse(["0", "19999"]) == {"0": (), "19999": ("0",)}
    assert len(lineage.ancestors("19999")) == 19_999


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, list[str]], list[str]]:
    size = draw(st.integers(1, 9))
    parents = {
        str(n): sorted(draw(st.sets(st.sampled_from(range(n))))) if n else [] for n in range(size)
    }
    kept = draw(st.sets(st.sampled_from(sorted(parents))))
    return {n: [str(p) for p in above] for n, above in parents.items()}, sorted(kept)


@given(graphs())
def test_collapsing_keeps_exactly_the_paths_that_meet_no_landmark(
    drawn: tuple[dict[str, list[str]], list[str]],
) -> None:
    parents, kept = drawn
    lineage = Lineage(_manifest(parents))
    graph = nx.DiGraph([(p, n) for n, above in parents.items() for p in above])
    graph.add_nodes_from(parents)

    def near(above: str, below: str) -> bool:
        between = graph.subgraph({above, below} | (set(parents) - set(kept)))
        return above != below and nx.has_path(between, above, below)

    assert lineage.collapse(kept) == {
        below: tuple(above for above in kept if near(above, below)) for below in kept
    }
    assert all(lineage.ancestors(n) == nx.ancestors(graph, n) for n in parents)


def _manifest(parents: dict[str, list[str]]) -> Manifest:
    resources = {
        name: DbtResource(
            unique_id=name,
            name=name,
            package="shop",
            resource_type="model",
            fqn=("shop", name),
            path="",
            version=None,
            parents=tuple(above),
            materialized=None,
            severity=None,
            source_name=None,
            identifier=None,
            description="",
            owner=None,
            tags=(),
        )
        for name, above in parents.items()
    }
    return Manifest(Path("manifest.json"), "shop", resources, "", {})
