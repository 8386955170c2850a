"""The example, on the real orchestrators: what it leaves in the warehouse, on disk, at the hook."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import pytest
from lanes import ROOT, Recorder
from traces import assert_same, meaning_of, trace_of

SHOP = ROOT / "examples" / "shop"


@dataclass
class Hook:
    """A server on the loopback interface, and what was posted to it."""

    url: str = ""
    posted: list[tuple[str, Any]] = field(default_factory=list)


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.posted.append((self.path, json.loads(body)))
            self.send_response(204)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("shop") / "shop"
    shutil.copytree(SHOP, copy, ignore=shutil.ignore_patterns("target", "logs", "*.duckdb"))
    command = [Path(sys.executable).with_name("dbt"), "--quiet", "parse", "--profiles-dir", "."]
    subprocess.run(command, cwd=copy / "dbt", env={**os.environ, "DO_NOT_TRACK": "1"}, check=True)
    return copy


@pytest.mark.parametrize("pipeline", ["daily_sales", "hourly_catalog"])
def test_the_shop_runs_and_leaves_what_it_promises(
    recorder: Recorder, shop: Path, hook: Hook, pipeline: str, tmp_path: Path
) -> None:
    database = tmp_path / "shop.duckdb"
    shutil.rmtree(shop / "exports", ignore_errors=True)
    meaning = meaning_of(shop, pipeline)

    seen = recorder.run(
        shop,
        Path("generated") / recorder.lane.name,
        pipeline,
        {"SHOP_DB": database, "SHOP_HOOK_URL": hook.url},
    )

    trace = trace_of(meaning, {})
    assert_same(seen, trace, meaning, recorder.lane.native)
    with duckdb.connect(str(database), read_only=True) as connection:
        tables = {name for (name,) in connection.execute("show tables").fetchall()}
    if pipeline == "daily_sales":
        assert {"fct_orders", "dim_customers", "fct_daily_revenue"} <= tables
        (folder,) = (shop / "exports").iterdir()
        files = {path.name for path in folder.iterdir()}
        assert files == {f"{name}.parquet" for name in ("fct_orders", "dim_customers")} | {
            "fct_daily_revenue.parquet"
        }
        ((path, body),) = hook.posted
        assert path == "/sales"
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", body["day"])
        assert body == {
            "day": folder.name,
            "currency": "EUR",
            "text": f"Sales of {folder.name} are ready, in EUR.",
        }
    else:
        assert "dim_products" in tables
        (file,) = (shop / "exports").iterdir()
        assert re.fullmatch(r"prices-\d{4}-\d{2}-\d{2}\.csv", file.name)
        assert file.read_text().count("\n") == 25
        assert hook.posted == []
