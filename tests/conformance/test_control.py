"""What governs a run governs it the same everywhere: whether tasks run, how often, what ends it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from control import Rendered, assert_runs_as_meant, cases, render
from known import known_failures
from lanes import LANES, Recorder

CASES = cases()
RUNS = [
    pytest.param(name, plan, id=f"{name}-{plan}")
    for name, case in CASES.items()
    for plan in case.plans
]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Callable[[str], Rendered]:
    @cache
    def once(name: str) -> Rendered:
        return render(CASES[name], tmp_path_factory.mktemp(name) / "project", project)

    return once


def test_there_are_as_many_cases_as_promised() -> None:
    assert len(RUNS) >= 40


def test_what_is_known_to_fail_is_run() -> None:
    runs = {
        f"{lane.name}/{case.name}/{plan}"
        for lane in LANES
        for case in CASES.values()
        for plan in case.plans
        if lane.name not in case.without and plan not in case.differs.get(lane.name, {})
    }

    assert known_failures().keys() <= runs


@pytest.mark.turns
@pytest.mark.parametrize(("name", "plan"), RUNS)
def test_a_run_leaves_the_trace_the_semantics_define(
    recorder: Recorder, rendered: Callable[[str], Rendered], name: str, plan: str, tmp_path: Path
) -> None:
    case, lane = CASES[name], recorder.lane.name
    if lane in case.without:
        pytest.skip(case.without[lane])
    assert_runs_as_meant(recorder, rendered(name), case, plan, tmp_path)
