"""What docs/support.md names for a cell is run there, and is about that feature."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml
from control import cases, render
from lanes import LANES, ROOT

from pipegen import backends, features
from pipegen.capabilities import Feature
from pipegen.compiler import compile_project
from pipegen.project import load
from pipegen.schema.evidence import EVERYWHERE, evidence, is_words
from pipegen.schema.support import keeps

HERE = Path(__file__).parent
EVIDENCE = evidence()
KEPT_BY = {
    feature: [lane.name for lane in LANES if keeps(backends.get(lane.name), feature)]
    for feature in Feature
}
CELLS = [
    pytest.param(feature, lane, id=f"{feature.name.lower()}-{lane}")
    for feature, lanes in KEPT_BY.items()
    for lane in lanes
]
NAMED = {entry for found in EVIDENCE.values() for entries in found.values() for entry in entries}
LINKED = sorted(entry for entry in NAMED if not is_words(entry))
CASE = "control/cases/"
CASES = cases()


def named(feature: Feature, lane: str) -> Iterator[str]:
    """Yield what is named for a cell."""
    found = EVIDENCE.get(feature, {})
    yield from (*found.get(EVERYWHERE, ()), *found.get(lane, ()))


def test_only_what_is_kept_is_named() -> None:
    kept = {feature: {EVERYWHERE, *lanes} for feature, lanes in KEPT_BY.items() if lanes}
    assert EVIDENCE.keys() == kept.keys()
    assert {
        f: found.keys() - kept[f] for f, found in EVIDENCE.items() if found.keys() - kept[f]
    } == {}


@pytest.mark.parametrize(("feature", "lane"), CELLS)
def test_each_cell_names_what_is_run_there(
    feature: Feature, lane: str, collected: Mapping[str, set[str]]
) -> None:
    entries = [entry for entry in named(feature, lane) if not is_words(entry)]
    assert entries
    assert {entry: lane in on(entry, collected) for entry in entries} == dict.fromkeys(
        entries, True
    )


def on(entry: str, collected: Mapping[str, set[str]]) -> set[str]:
    """Return the lanes that something is run on."""
    if entry.startswith(CASE):
        case = CASES[Path(entry).stem]
        return {lane.name for lane in LANES} - case.without.keys()
    if "::" in entry:
        return collected[entry]
    settings = yaml.safe_load((HERE / entry / "pipegen.yaml").read_text())
    return set(settings["backends"])


@pytest.fixture(scope="module")
def collected() -> dict[str, set[str]]:
    """Return the lanes of each test that is named: all, if it does not say which."""
    tests = {entry for entry in LINKED if "::" in entry}
    files = sorted({HERE / entry.partition("::")[0] for entry in tests})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "", "-n", "0"]
    done = subprocess.run([*command, *files], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    found: dict[str, set[str]] = defaultdict(set)
    lanes = {lane.name for lane in LANES}
    for line in done.stdout.splitlines():
        test, _, case = line.partition("[")
        found[test] |= lanes.intersection(case.rstrip("]").split("-")) or lanes
    return {entry: found[str((HERE / entry).resolve().relative_to(ROOT))] for entry in tests}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, project: Path) -> dict[str, set[Feature]]:
    """Return the features that the pipelines of each case and project use."""
    found: dict[str, set[Feature]] = {}
    for entry in LINKED:
        if entry.startswith(CASE):
            name = Path(entry).stem
            folder = tmp_path_factory.mktemp(name) / "project"
            meanings = [render(CASES[name], folder, project).meaning]
        elif "::" not in entry:
            items = compile_project(load((HERE / entry).resolve()), {}).pipelines
            meanings = [item.pipeline for item in items if item.pipeline]
        else:
            continue
        found[entry] = {need for meaning in meanings for need, _ in features.required(meaning)}
    return found


def test_a_pipeline_that_is_named_uses_the_feature(used: Mapping[str, set[Feature]]) -> None:
    wrong = [
        (feature.value, entry)
        for feature, found in EVIDENCE.items()
        for entries in found.values()
        for entry in entries
        if entry in used and feature not in used[entry]
    ]
    assert wrong == []


@pytest.mark.parametrize("entry", [entry for entry in LINKED if "projects/" in entry])
def test_a_project_that_is_named_is_run(entry: str) -> None:
    texts = [file.read_text() for file in HERE.glob("*.py") if file.stem != "test_evidence"]
    assert any(f'"{Path(entry).name}"' in text for text in texts)
