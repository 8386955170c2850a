"""The page of the language says what there is, and its examples are right."""

from __future__ import annotations

import json
import re
import shutil
from inspect import get_annotations
from itertools import groupby
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import yaml

from pipegen import backends, ir
from pipegen.backends import BUILT_IN
from pipegen.capabilities import NOT_YET, Feature
from pipegen.compiler import compile_project
from pipegen.explain import codes
from pipegen.model import SpecModel
from pipegen.project import load
from pipegen.resources import resource
from pipegen.schema import page, support
from pipegen.schema.takes import WORDS
from pipegen.spec import PipelineSpec, ProjectSpec

DOCS = resource("docs")
TEXT = (DOCS / page.PAGE).read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
SHOP = Path(__file__).parents[2] / "examples" / "shop"
FLAGS = re.DOTALL | re.MULTILINE | re.IGNORECASE
UNUSED = "PG224"
"""A connection or channel that no pipeline uses: those of the base project are for all examples."""
ELSEWHERE = "PG222"
"""A model that no pipeline builds: a fragment leaves out the one that does."""

PROJECT = """\
version: 1
project: shop
dbt: {projects: {shop: {dir: dbt, profiles_dir: dbt}}}
connections:
  crm: {kind: http, url: "${ENV:CRM_URL}"}
  warehouse: {kind: duckdb, path: "${ENV:SHOP_DB}"}
  airbyte_prod: {kind: airbyte, url: "${ENV:AIRBYTE_URL}", token: "${ENV:AIRBYTE_TOKEN}"}
channels: {data_alerts: {kind: slack, webhook: "${ENV:SLACK_WEBHOOK}"}}
vars: {currency: EUR}
"""
PIPELINE = """\
version: 1
pipeline: example
"""
OTHER = """\
version: 1
pipeline: daily_sales
transforms: {marts: {project: shop, select: [fct_orders, dim_customers]}}
"""
"""What the examples name and do not show."""


def whole(block: str, rest: str) -> str:
    """Return a fragment with the keys of `rest` that it leaves out."""
    given = yaml.safe_load(block)
    kept = {key: value for key, value in yaml.safe_load(rest).items() if key not in given}
    return f"{block}\n{yaml.safe_dump(kept, sort_keys=False) if kept else ''}"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the manifest of the example, without what selects nothing."""
    root = tmp_path_factory.mktemp("shop")
    shutil.copytree(SHOP / "dbt", root / "dbt", ignore=shutil.ignore_patterns("target", "logs"))
    (root / "dbt" / "target").mkdir()
    manifest = json.loads((SHOP / "dbt/target/manifest.json").read_text(encoding="utf-8"))
    light = json.dumps({**manifest, "macros": {}})
    (root / "dbt/target/manifest.json").write_text(light, encoding="utf-8")
    return root


def files(block: str) -> dict[str, bytes]:
    """Return the project that an example is a part of."""
    if block.startswith("# pipegen.yaml\n"):
        return {"pipegen.yaml": whole(block, PROJECT).encode()}
    example = whole(block, PIPELINE)
    named = {"pipelines/other.yaml": OTHER.encode()} if "wait_for:" in block else {}
    return {
        "pipegen.yaml": PROJECT.encode(),
        "pipelines/example.yaml": example.encode(),
        **named,
    }


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n")[0] for block in BLOCKS])
def test_an_example_is_right(block: str, shop: Path) -> None:
    texts = files(block)
    declared = yaml.safe_load(block).get("environments", {})
    for environment in declared or (None,):
        compilation = compile_project(load(shop, environment, texts), {}, write=False)
        assert None not in [compiled.pipeline for compiled in compilation.pipelines]
        found = [d for compiled in compilation.pipelines for d in compiled.diagnostics]
        assert [d for d in found if d.code != ELSEWHERE] == []
        assert [d for d in compilation.findings if d.code != UNUSED] == []


def test_the_tour_waits_as_it_says(shop: Path) -> None:
    texts = {**files(BLOCKS[1]), "pipegen.yaml": BLOCKS[0].encode()}
    compilation = compile_project(load(shop, None, texts), {}, write=False)
    assert compilation.diagnostics == ()
    [tour] = [compiled.pipeline for compiled in compilation.pipelines]
    assert tour is not None
    announce, staging = tour.task("announce"), tour.task("staging.stg_orders")
    assert announce.upstream == ("marts.fct_orders",)
    assert staging.upstream == ("orders",)
    assert (announce.owner, announce.retries.count) == ("shop-data", 1)


def test_the_tables_are_current() -> None:
    assert page.filled(TEXT) == TEXT, "run `python -m pipegen.schema.page`"


def test_both_pages_are_written_again(tmp_path: Path) -> None:
    emptied = re.sub(r"(<!-- keys \w+ -->\n)\|.*?(<!-- end -->)", r"\1\2", TEXT, flags=re.DOTALL)
    assert len(emptied) < len(TEXT)
    (tmp_path / page.PAGE).write_text(emptied, encoding="utf-8")
    page.write(tmp_path)
    assert (tmp_path / page.PAGE).read_text(encoding="utf-8") == TEXT
    assert (tmp_path / support.PAGE).is_file()


def test_the_table_of_support_is_current() -> None:
    committed = (DOCS / support.PAGE).read_text(encoding="utf-8")
    assert support.page() == committed, "run `python -m pipegen.schema.page`"


def test_every_key_of_the_language_is_on_the_page() -> None:
    on_page = {(_owner(model, key), key) for model, key in page.shown(TEXT)}
    keys = {(_owner(m, k), k) for m in reachable(PipelineSpec, ProjectSpec) for k in m.model_fields}
    assert len(keys) > 100
    assert keys - on_page == set()


def test_no_two_tables_show_the_same_model() -> None:
    tabled = [model for model, _ in groupby(page.shown(TEXT), key=lambda item: item[0])]
    assert len(tabled) == len(set(tabled))


def test_every_kind_has_a_row() -> None:
    (table,) = re.findall(r"<!-- kinds -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert set(rows) == {kind for section in page.SECTIONS for kind in page.kinds(section)}


def test_the_words_of_the_tables_are_explained() -> None:
    table = TEXT.split("| word | what may be written |\n|---|---|\n")[1].split("\n\n")[0]
    explained = [w for row in table.splitlines() for w in row.split("|")[1].strip().split(", ")]
    assert explained == list(WORDS)


def test_run_if_is_explained_as_it_is() -> None:
    table = TEXT.split("### run_if")[1].split("\n### ")[0]
    assert re.findall(r"^\| `(\w+)` \| [^|]", table, re.MULTILINE)[1:] == list(ir.RunIf)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    anchors = [page.anchor(heading) for heading in page.headings(TEXT)]
    assert len(anchors) == len(set(anchors))
    assert {link[1:] for link in links if link.startswith("#")} - set(anchors) == set()
    assert [link for link in links if link[0] != "#" and not (DOCS / link).exists()] == []


def test_the_codes_named_are_codes() -> None:
    assert set(re.findall(r"PG\d{3}", TEXT)) - set(codes()) == set()


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_page_of_support_says_how_a_back_end_keeps_what_it_keeps(name: str) -> None:
    backend = backends.get(name)
    (told,) = re.findall(rf"^## {backend.title}\n\n(.*?)\n(?:\n|$)", support.page(), FLAGS)
    said = re.findall(r"^- `([^`]+)`:", told, re.MULTILINE)
    table = {f: s for f, s in backend.capabilities.items() if s != NOT_YET.get(f)}
    assert said == [feature for feature in Feature if feature in table]
    assert told.count("**What differs:**") == sum(bool(s.differs) for s in table.values())


def _owner(model: type[SpecModel], key: str) -> type:
    """Return the class that says what a key is."""
    return next(cls for cls in model.__mro__ if key in get_annotations(cls))


def reachable(*roots: type[SpecModel]) -> set[type[SpecModel]]:
    """Return the models that a document can be read by."""
    found: set[type[SpecModel]] = set()
    left: list[object] = list(roots)
    while left:
        item = left.pop()
        if isinstance(item, type) and issubclass(item, SpecModel):
            if item not in found:
                found.add(item)
                left += get_type_hints(item, include_extras=True).values()
        else:
            left += get_args(item)
    return found
