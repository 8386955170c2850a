"""What `render --exposures` writes is what dbt reads: each dbt-core, without a warning."""

from __future__ import annotations

import json
import shutil
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from dbt.jsonschemas.jsonschemas import resources_schema
from dbt_common.events.base_types import EventMsg
from jsonschema import Draft7Validator
from yaml import safe_load

from pipegen import deliver
from pipegen.compiler import Compilation, compile_project
from pipegen.dbt import manifest
from pipegen.dbt.selection import Selection, select
from pipegen.output import Status
from pipegen.project import load
from tests.dbt.conftest import QUIET, Shop
from tests.trust.hostile import ACCEPTED, escaped, put, yaml

FILE = Path("dbt/models/exposures/pipegen_exposures.yml")
MODEL = "it's\"{{x}}\\t%}{"
SOURCE, TABLE = "wild.{{ env_var('HOME') }}'\"", "\\x7b#}}'\"{#"
PLAIN = {
    "kind": "hightouch",
    "connection": "crm",
    "sync_id": 7,
    "description": "Orders to the CRM",
    "owner": "crm@example.com",
    "tags": ["crm", "tier1"],
}
READS = {
    "fct_orders": "model.shop.fct_orders",
    "dim_customers": "model.shop.dim_customers.v2",
    "dim_customers.v1": "model.shop.dim_customers.v1",
    "toolkit.calendar": "model.toolkit.calendar",
    "shop.orders": "model.shop.orders",
    "toolkit.orders": "model.toolkit.orders",
    "raw_customers": "seed.shop.raw_customers",
    "orders_history": "snapshot.shop.orders_history",
    "totals.per.day": "model.shop.totals.per.day",
    "café": "model.shop.café",
    "erp.payments": "source.shop.erp.payments",
    MODEL: f"model.shop.{MODEL}",
    f"{SOURCE}.{TABLE}": f"source.shop.{SOURCE}.{TABLE}",
}
TEXTS = (
    *(text for text in ACCEPTED if text),
    *("{{ env_var('HOME') }}", "{{ doc('x') }}", "{{{{{", "{#{{#}", "\\{{", "{{\\", "{{% x", "{"),
    *("a\n", "{{\n", "}}\n", "a\r\nb", "'{{'", "'quoted'", "{{ '", '{{ "', "[1]", "a@b@c"),
)
COMMAND = {"kind": "shell", "command": ["true"]}
PROJECT = {
    "version": 1,
    "project": "p",
    "connections": {"crm": {"kind": "hightouch", "token": "${ENV:TOKEN}"}},
    "dbt": {"projects": {"shop": {"dir": "dbt"}}},
}
PIPELINES: dict[str, Any] = {
    "daily": {
        "transforms": {"all": {"project": "shop", "select": ["*"], "granularity": "step"}},
        "activations": {"crm": {**PLAIN, "reads": list(map(escaped, READS))}, "none": COMMAND},
    },
    "hostile": {
        "schedule": {"after": ["daily"]},
        "activations": {
            f"t{index}": {
                **COMMAND,
                "reads": ["fct_orders"],
                "description": text,
                "owner": text,
                "tags": [text],
            }
            for index, text in enumerate(map(escaped, TEXTS))
        },
    },
}


@dataclass
class Exposed:
    """A project after `render --exposures`, and what dbt then has of it."""

    root: Path
    exposures: dict[str, Any]
    warnings: tuple[list[str], list[str]]


@pytest.fixture(scope="module")
def exposed(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    root = tmp_path_factory.mktemp("exposed")
    shutil.copytree(shop.dir, root / "dbt")
    (root / "dbt/models" / f"{MODEL}.sql").write_text("select 1 as id")
    source, table = (f"{{{{ {name!r} }}}}" for name in (SOURCE, TABLE))
    wild = {"sources": [{"name": source, "tables": [{"name": table}]}]}
    (root / "dbt/models/wild.yml").write_text(yaml(wild))
    before = parsed(root)
    put(root / "pipegen.yaml", yaml(PROJECT))
    for name, sections in PIPELINES.items():
        text = yaml({"version": 1, "pipeline": name, "owner": "us", **sections})
        put(root / "pipelines" / f"{name}.yaml", text)
    compilation = compiled(root)
    for finding in deliver.write(deliver.parcels(compilation, files(compilation), root, None)):
        assert finding.status is Status.CREATED
    after = parsed(root)
    raw = json.loads((root / "dbt/target/manifest.json").read_text())
    return Exposed(root, raw["exposures"], (before, after))


def compiled(root: Path) -> Compilation:
    compilation = compile_project(load(root), {}, expose=True)
    assert [d.message for d in compilation.diagnostics if d.is_error] == []
    return compilation


def files(compilation: Compilation) -> list[str]:
    return [pipeline.file for pipeline in compilation.pipelines]


def parsed(root: Path) -> list[str]:
    """Parse the dbt project in full, and return the names of dbt's warnings."""
    events: list[EventMsg] = []
    with chdir(root / "dbt"):
        options = (*QUIET, "parse", "--no-partial-parse", "--show-all-deprecations")
        result = dbtRunner(callbacks=[events.append]).invoke([*options])
    assert result.success, result.exception
    return [event.info.name for event in events if event.info.level in ("warn", "error")]


def test_dbt_has_an_exposure_of_each_activation_that_reads(exposed: Exposed) -> None:
    made = {key for key, found in exposed.exposures.items() if "pipegen" in found["meta"]}
    expected = {"daily__crm", *(f"hostile__t{i}" for i in range(len(TEXTS)))}
    assert made == {f"exposure.shop.{name}" for name in expected}


def test_dbt_reads_what_was_meant(exposed: Exposed) -> None:
    found = exposed.exposures["exposure.shop.daily__crm"]
    assert found["original_file_path"] == str(FILE.relative_to("dbt"))
    assert (found["label"], found["type"]) == ("daily: crm", "application")
    assert found["owner"] == {"email": "crm@example.com", "name": None}
    assert found["description"] == "Orders to the CRM"
    assert found["tags"] == found["config"]["tags"] == ["crm", "tier1"]
    meta = {"pipegen": {"pipeline": "daily", "kind": "hightouch"}}
    assert found["meta"] == found["config"]["meta"] == meta
    assert sorted(found["depends_on"]["nodes"]) == sorted(READS.values())


def test_every_text_arrives_as_it_is_written(exposed: Exposed) -> None:
    for index, text in enumerate(TEXTS):
        found = exposed.exposures[f"exposure.shop.hostile__t{index}"]
        assert (found["description"], found["owner"]["name"], found["tags"]) == (text, text, [text])


def test_dbt_warns_of_nothing_new(exposed: Exposed) -> None:
    before, after = exposed.warnings
    assert after == before


def test_the_file_has_the_form_dbt_holds_those_of_warehouses_to(exposed: Exposed) -> None:
    document = safe_load((exposed.root / FILE).read_text())
    assert document["exposures"]
    schema = Draft7Validator(resources_schema())
    assert [error.message for error in schema.iter_errors(document)] == []


def test_an_exposure_selects_what_it_depends_on(exposed: Exposed, shop: Shop) -> None:
    folder = exposed.root / "dbt"
    known = Shop(folder)
    known.manifest = manifest.load(folder / "target/manifest.json")
    asked = Selection(("+exposure:daily__crm",), indirect_selection="empty")
    (answer,) = select(known.manifest, folder, [asked])
    assert answer == known.ls(asked)
    assert set(READS.values()) - set(answer) == {
        key for key in READS.values() if key.startswith("source.")
    }


def test_with_its_exposures_a_project_compiles_to_the_same(exposed: Exposed) -> None:
    again = compiled(exposed.root)
    for parcel in deliver.parcels(again, files(again), exposed.root, None):
        found = {finding.path: finding.status for finding in deliver.inspect(parcel)}
        assert set(found.values()) == {Status.UNCHANGED}, found
