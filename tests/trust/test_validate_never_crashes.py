"""Whatever is in the files of a project, what comes out is a project or diagnostics with codes."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest

from pipegen import console
from pipegen.compiler import compile_project
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.project import load
from pipegen.report import Format
from pipegen.source import read
from tests.trust.hostile import put, times, yaml
from tests.trust.mutate import mutant, scrambled

ROOT = Path(__file__).parents[2]
CORPUS = sorted((ROOT / "tests" / "corpus" / "spec").glob("*"))
PROJECTS = (ROOT / "examples" / "shop", ROOT / "tests" / "snapshot" / "cases" / "hostile")
CODE = re.compile(r"PG[0-9]{3}")


@dataclass
class Count:
    """How the runs of a test ended, and how long the longest took."""

    codes: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    longest: float = 0.0

    def __str__(self) -> str:
        ends = ", ".join(f"{code} {count}" for code, count in self.codes.most_common())
        return f"{self.runs} runs, longest {self.longest * 1000:.0f} ms: {ends}"


@pytest.fixture(scope="module", params=PROJECTS, ids=lambda path: path.name)
def project(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of a project, with its lock and without a manifest: dbt is never asked."""
    copy = tmp_path_factory.mktemp("mutants") / request.param.name
    left_out = shutil.ignore_patterns("target", "logs", "generated", "expected")
    shutil.copytree(request.param, copy, ignore=left_out)
    return copy


def validated(root: Path) -> tuple[Diagnostic, ...]:
    """Do what `validate` does, in every format of its report."""
    try:
        opened = load(root)
        found = compile_project(opened, opened.targets()).diagnostics
    except CompileError as error:
        found = error.diagnostics
    for format in Format:
        console.report(found, root, format, StringIO())
    return found


def _stop(*_: object) -> None:
    raise TimeoutError("it does not end")


def assert_coded(run: Callable[[], tuple[Diagnostic, ...]], count: Count, what: object) -> None:
    """Run a validation, which may neither raise nor go on for a minute of processor time."""
    signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    started = time.perf_counter()
    try:
        found = run()
    except Exception:
        pytest.fail(f"{what}\n{traceback.format_exc()}")
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    count.longest = max(count.longest, time.perf_counter() - started)
    count.runs += 1
    assert all(CODE.fullmatch(each.code) and each.message for each in found), what
    count.codes.update({each.code for each in found} or {"fine"})


def specifications(root: Path) -> Iterator[Path]:
    yield root / "pipegen.yaml"
    yield from sorted((root / "pipelines").glob("*.yaml"))


def test_a_mutated_specification_ends_in_codes(project: Path) -> None:
    count, random = Count(), Random(11)
    for path in specifications(project):
        before = path.read_text()
        data: Any = read(path, path.name).value
        for _ in range(times(70)):
            text = yaml(mutant(random, data))
            path.write_text(text, encoding="utf-8", newline="")
            assert_coded(lambda: validated(project), count, f"{path.name}: {text}")
        path.write_text(before)
    assert count.codes["fine"] < count.runs / 2
    assert len(count.codes) > 10
    print(count)


def test_a_scrambled_specification_ends_in_codes(project: Path) -> None:
    count, random = Count(), Random(12)
    for path in specifications(project):
        before = path.read_text()
        for _ in range(times(70)):
            text = scrambled(random, before)
            path.write_bytes(text.encode("utf-8", errors="surrogatepass"))
            assert_coded(lambda: validated(project), count, f"{path.name}: {text!r}")
        path.write_text(before)
    print(count)


@pytest.mark.parametrize("project", PROJECTS[:1], indirect=True, ids=["shop"])
def test_a_mutated_lock_ends_in_codes(project: Path) -> None:
    count, random = Count(), Random(13)
    for path in sorted((project / "pipegen.lock").glob("*.json")):
        before = path.read_text()
        data = json.loads(before)
        for _ in range(times(70)):
            text = json.dumps(mutant(random, data))
            path.write_text(text)
            assert_coded(lambda: validated(project), count, f"{path.name}: {text}")
        path.write_text(before)
    print(count)


NODES = ("projects", "shop", "nodes")
UNSOUND: dict[str, tuple[tuple[str, ...], Any]] = {
    "a node that is its own ancestor": (
        (*NODES, "model.shop.stg_products", "parents"),
        ["model.shop.dim_products"],
    ),
    "a node that is its own parent": (
        (*NODES, "model.shop.dim_products", "parents"),
        ["model.shop.dim_products"],
    ),
    "a selection of a node that is not there": (("selections", "catalog", "nodes"), ["model.x.y"]),
    "a selection of another project": (("selections", "catalog", "project"), "other"),
    "a reference to another project": (("references", "dim_products", "project"), "other"),
    "a name that is a number": ((*NODES, "model.shop.dim_products", "name"), 7),
    "parents that are text": ((*NODES, "model.shop.dim_products", "parents"), "abc"),
    "a project that is a list": (("projects", "shop"), []),
    "no nodes": (NODES, {}),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_an_unsound_lock_is_no_lock(what: str, tmp_path: Path) -> None:
    """Found by mutation: some ended in an exception, a cycle in no end at all."""
    shop = tmp_path / "shop"
    shutil.copytree(PROJECTS[0], shop, ignore=shutil.ignore_patterns("target", "generated"))
    lock = shop / "pipegen.lock" / "hourly_catalog.json"
    data = json.loads(lock.read_text())
    path, value = UNSOUND[what]
    place = data
    for key in path[:-1]:
        place = place[key]
    assert place[path[-1]] != value
    place[path[-1]] = value
    lock.write_text(json.dumps(data))
    count = Count()
    assert_coded(lambda: validated(shop), count, what)
    assert "PG403" in count.codes


@pytest.mark.parametrize("name", ["日本", "_", "__init__", "9", "-", "class", "'", ""])
def test_a_model_may_have_any_name(name: str, tmp_path: Path) -> None:
    """What names a table in the warehouse need not name anything in Python."""
    shop = tmp_path / "shop"
    shutil.copytree(PROJECTS[0], shop, ignore=shutil.ignore_patterns("target", "generated"))
    lock = shop / "pipegen.lock" / "daily_sales.json"
    data = json.loads(lock.read_text())
    data["projects"]["shop"]["nodes"]["model.shop.fct_orders"]["name"] = name
    lock.write_text(json.dumps(data))
    count = Count()
    assert_coded(lambda: validated(shop), count, name)
    assert count.codes.keys() == {"PG302"}


@pytest.mark.parametrize("path", CORPUS, ids=lambda path: path.name)
def test_what_was_once_found_stays_fixed(path: Path, tmp_path: Path) -> None:
    """The start of a file's name says what it is: a `project`, a `pipeline` or a `lock`."""
    shop = tmp_path / "shop"
    shutil.copytree(PROJECTS[0], shop, ignore=shutil.ignore_patterns("target", "generated"))
    kind = path.name.partition("-")[0]
    place = {
        "project": shop / "pipegen.yaml",
        "pipeline": shop / "pipelines" / "found.yaml",
        "lock": shop / "pipegen.lock" / "hourly_catalog.json",
    }[kind]
    put(place, path.read_text(encoding="utf-8"))
    count = Count()
    assert_coded(lambda: validated(shop), count, path.name)
