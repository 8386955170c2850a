"""The dbt helper that generated files carry, run on a dbt project of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipegen.backends.dbt import Helpers
from pipegen.render import environment
from pipegen.resources import resource

FILES = {
    "dbt_project.yml": "{name: shop, profile: shop, flags: {send_anonymous_usage_stats: false}}",
    "profiles.yml": """
        shop:
          target: dev
          outputs: {dev: {type: duckdb, path: "{{ env_var('DB') }}", keep_open: false}}
        """,
    "seeds/raw.csv": "id\n1\n2\n",
    "models/shape.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('raw') }}",
    "models/report.sql": "select * from {{ ref('shape') }} where {{ env_var('WHERE', 'true') }}",
    "models/report.yml": "models: [{name: report, columns: [{name: id, data_tests: [unique]}]}]",
}
ENDLESS = "(select count(*) from range(10000000) a(i), range(10000000) b(j) where i*j%7=3) > 0"


@pytest.fixture(scope="module")
def dbt(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A dbt project that was parsed under a relative name, in a folder that is not this one."""
    root = tmp_path_factory.mktemp("helper")
    for name, text in FILES.items():
        path = root / "dbt" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DB", str(root / "shop.duckdb"))
        patch.setenv("DO_NOT_TRACK", "1")
        options = ("--project-dir", "dbt", "--profiles-dir", "dbt", "--target", "dev")
        program = Path(sys.executable).with_name("dbt")
        subprocess.run([program, "--quiet", "parse", *options], cwd=root, check=True)
        yield root / "dbt"


@pytest.fixture(scope="module")
def run(dbt: Path) -> Callable[..., list[str]]:
    """Return the helper, called for one selection: it gives the unique ids that ran."""
    imports = "import threading\nfrom collections.abc import Sequence\nfrom typing import Any\n"
    templates = environment(str(resource("templates") / "shared"))
    needs = Helpers(builds=True, freshness=False, env=False, late=False, packages=None)
    view = SimpleNamespace(dbt=needs)
    names: dict[str, Any] = {}
    for template in ("invoke_dbt.j2", "run_dbt.j2"):
        exec(imports + templates.get_template(template).render(view=view), names)
    project = ("--project-dir", str(dbt), "--profiles-dir", str(dbt), "--target", "dev")

    def run(select: str, *nodes: str) -> list[str]:
        results = names["run_dbt"](project, ["build", "--select", select], nodes=nodes)
        return sorted(result["node"].rsplit(".", 1)[0] for result in results)

    return run


@pytest.fixture(scope="module", autouse=True)
def seeded(run: Callable[..., list[str]]) -> None:
    run("raw", "seed.shop.raw")


def test_a_seed_loads_though_dbt_cached_another_place(run: Callable[..., list[str]]) -> None:
    assert run("raw", "seed.shop.raw") == ["seed.shop"]


def test_a_failure_names_the_node_and_says_why(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERE", "nosuch = 1")
    with pytest.raises(RuntimeError, match=r"^dbt failed: model\.shop\.report: .*(?s:.*)nosuch"):
        run("report", "model.shop.report")


def test_a_failed_test_is_a_failure(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERE", "true union all select 1")
    with pytest.raises(RuntimeError, match=r"^dbt failed: test\.shop\.unique_report_id\."):
        run("report", "model.shop.report")


def test_another_attempt_keeps_what_is_ephemeral(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHERE", "nosuch = 1")
    with pytest.raises(RuntimeError):
        run("report", "model.shop.report")
    monkeypatch.delenv("WHERE")
    expected = ["model.shop", "test.shop.unique_report_id"]
    assert run("report", "model.shop.report") == expected
    assert run("report", "model.shop.report") == expected


def test_a_node_that_is_gone_asks_to_render_again(run: Callable[..., list[str]]) -> None:
    with pytest.raises(RuntimeError, match=r"render again \(model\.shop\.gone did not run\)"):
        run("gone", "model.shop.gone")


def test_an_interrupt_ends_the_query_and_leaves_dbt_usable(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt("late")

    before = signal.signal(signal.SIGALRM, stop)
    monkeypatch.setenv("WHERE", ENDLESS)
    signal.setitimer(signal.ITIMER_REAL, 2)
    try:
        with pytest.raises(KeyboardInterrupt, match="late"):
            run("report", "model.shop.report")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    monkeypatch.delenv("WHERE")
    assert "model.shop" in run("report", "model.shop.report")


def test_other_processes_can_open_the_database_afterwards(run: Callable[..., list[str]]) -> None:
    run("report", "model.shop.report")
    code = "import duckdb, os; duckdb.connect(os.environ['DB'])"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ)
