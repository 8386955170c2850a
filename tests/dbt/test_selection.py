"""Selections mean what they mean to dbt; what dbt refuses is refused with its reason."""

from __future__ import annotations

import copy
import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from dbt.flags import get_flags
from dbt.task.build import BuildTask
from dbt_common.events.event_manager_client import get_event_manager

from pipegen.dbt import manifest
from pipegen.dbt.lineage import node_selector
from pipegen.dbt.manifest import ManifestError
from pipegen.dbt.selection import Selection, SelectionError, select
from tests.dbt.cases import KINDS, REFUSED_BY_NAME, selections
from tests.dbt.conftest import TYPES, VERSION, Shop, document, model, options


@pytest.mark.parametrize("count", [100, pytest.param(None, id="all", marks=pytest.mark.lab)])
def test_selections_equal_what_dbt_lists(shop: Shop, count: int | None) -> None:
    known = selections(VERSION)
    asked = Random(7).sample(known, count or len(known))
    resolved = select(shop.manifest, shop.dir, asked)
    assert len(set(asked)) >= (90 if count else 300)
    assert {s: ids for s, ids in zip(asked, resolved, strict=True) if ids != shop.ls(s)} == {}
    assert sum(map(bool, resolved)) > len(asked) / 2


def test_selections_equal_what_dbt_builds(shop: Shop) -> None:
    """Ephemeral models are selected but not built, and unit tests run only with their model."""
    assert shop.dbt("seed", "--select", "fqn:*").success
    for chosen in [
        Selection(("fqn:*",)),
        Selection(()),
        Selection(("+fct_orders",), ("raw_orders",), "cautious"),
        Selection(("tag:marts", "orders"), indirect_selection="buildable"),
        Selection(("dim_customers.v2", "orders"), indirect_selection="empty"),
        Selection(("test_type:unit", "stg_orders"), ("test_type:generic",)),
        *[Selection(("doubled", "twice")) for _ in KINDS[VERSION]],
        *[Selection(("doubled+",), ("twice",)) for _ in KINDS[VERSION]],
    ]:
        run = shop.dbt("build", *options(chosen))
        assert run.exception is None
        assert run.success, [(r.node.name, r.message) for r in run.result.results if r.message]
        built = {result.node.unique_id for result in run.result.results}
        (selected,) = select(shop.manifest, shop.dir, [chosen])
        resources = shop.manifest.resources
        expected = {
            unique_id
            for unique_id in selected
            if resources[unique_id].materialized != "ephemeral"
            and not (
                resources[unique_id].resource_type == "unit_test"
                and not set(resources[unique_id].parents) <= set(selected)
            )
        }
        assert expected == {name for name in built if name.split(".")[0] in TYPES}


def test_ids_are_sorted_and_of_what_is_built(shop: Shop) -> None:
    (everything,) = select(shop.manifest, shop.dir, [Selection(("*",))])
    resources = shop.manifest.resources
    assert list(everything) == sorted(everything)
    assert {resources[unique_id].resource_type for unique_id in everything} == set(TYPES)


def test_every_kind_that_dbt_builds_is_selected() -> None:
    """`dbt build` goes through exposures and saved queries too, and does nothing there."""
    built = {str(kind) for kind in BuildTask.RUNNER_MAP}
    assert built - set(TYPES) == {"exposure", "saved_query"}
    assert set(TYPES) <= built


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("tagg:marts", "'tagg' is not a valid method name"),
        ("resource_type:modell", 'Invalid resource_type selector "modell"'),
        ("test_type:fast", "Invalid test type selector fast"),
        ("source:a.b.c.d", 'Invalid source selector value "a.b.c.d"'),
        ("version:newest", "Invalid version type selector newest"),
        ("@orders+", 'Invalid node spec @orders+ - "@" prefix and "+" suffix are incompatible'),
        ("stg_orders,+state:modified+", "state: needs the artefacts of an earlier run"),
        ("result:error+", "result: needs the artefacts of an earlier run"),
        ("1+source_status:fresher+", "source_status: needs the artefacts of an earlier run"),
        ("path:/etc/*", "path:/etc/* leaves the dbt project"),
        ("path:models/../../*", "path:models/../../* leaves the dbt project"),
        ("--profiles-dir", "'--profiles-dir' would be read as an option of dbt"),
        ("orders -x", "'-x' would be read as an option of dbt"),
    ],
)
@pytest.mark.parametrize("field", ["select", "exclude"])
def test_what_dbt_refuses_is_refused_with_its_reason(
    shop: Shop, token: str, reason: str, field: str
) -> None:
    asked: dict[str, tuple[str, ...]] = {"select": ("orders",), field: ("stg_orders", token)}
    with pytest.raises(SelectionError) as caught:
        select(shop.manifest, shop.dir, [Selection(("deep",)), Selection(**asked)])
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)
    assert caught.value.index == 1


@pytest.mark.parametrize("token", ["path:", "9" * 5000 + "+orders"])
def test_nothing_but_a_selection_error_comes_out(shop: Shop, token: str) -> None:
    with pytest.raises(SelectionError):
        select(shop.manifest, shop.dir, [Selection((token,))])


def test_an_unknown_indirect_selection_is_refused(shop: Shop) -> None:
    with pytest.raises(SelectionError, match="lazy"):
        select(shop.manifest, shop.dir, [Selection(("orders",), (), "lazy")])


@pytest.mark.parametrize(("name", "reason"), REFUSED_BY_NAME.items())
def test_a_selector_of_the_project_is_refused_for_what_it_holds(
    shop: Shop, name: str, reason: str
) -> None:
    with pytest.raises(SelectionError) as caught:
        select(shop.manifest, shop.dir, [Selection((), selector=name)])
    assert str(caught.value).startswith(reason)


def test_nothing_keeps_a_manifest_alive(shop: Shop) -> None:
    read = manifest.load(shop.manifest.path)
    select(read, shop.dir, [Selection((node_selector(read, "model.shop.orders"),))])
    gone = weakref.ref(read)
    del read
    gc.collect()
    assert gone() is None


def test_the_manifest_is_not_changed(shop: Shop) -> None:
    fresh = manifest.load(shop.manifest.path)
    before = copy.deepcopy(fresh.raw)
    select(fresh, shop.dir, [Selection(("fqn:*",)), Selection(()), Selection(("@orders",))])
    assert fresh.raw == before


def test_dbt_is_left_as_it_was_and_says_nothing(
    shop: Shop, capfd: pytest.CaptureFixture[str]
) -> None:
    shop.dbt("--no-quiet", "--log-level", "debug", "ls", "--select", "no_such_model")
    capfd.readouterr()
    flags, manager = get_flags(), get_event_manager()
    select(shop.manifest, shop.dir, [Selection(("no_such_model",))])
    assert capfd.readouterr() == ("", "")
    assert get_flags() is flags
    assert get_event_manager() is manager


def test_a_new_process_says_nothing_whatever_its_environment(shop: Shop, tmp_path: Path) -> None:
    program = (
        "import pathlib\n"
        "from pipegen.dbt import manifest, selection\n"
        f"read = manifest.load(pathlib.Path({str(shop.manifest.path)!r}))\n"
        "asked = [selection.Selection(('no_such_model',)), selection.Selection(('deep',))]\n"
        f"print(selection.select(read, pathlib.Path({str(shop.dir)!r}), asked))\n"
    )
    dbt = {"DBT_WARN_ERROR": "1", "DBT_INDIRECT_SELECTION": "x", "DBT_PROFILES_DIR": "/nowhere"}
    run = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **dbt},
    )
    assert (run.stdout, run.stderr) == ("((), ('model.shop.deep',))\n", "")
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_dbt_cannot_read_is_refused(written: Callable[[object], Path]) -> None:
    incomplete: dict[str, Any] = model("model.shop.a")
    del incomplete["checksum"]
    dangling = model("model.shop.a", ["model.shop.gone"])
    for node in (incomplete, dangling):
        path = written(document({}) | {"nodes": {"model.shop.a": node}})
        with pytest.raises(ManifestError, match="dbt cannot read it"):
            select(manifest.load(path), path.parent, [Selection(("a",))])
