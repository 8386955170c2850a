"""One warm recorder a lane, for every test of this suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("control", "instants", "traces", "wide")

from control import prepare  # noqa: E402
from known import known_failures, mark  # noqa: E402
from lanes import LANES, Recorder  # noqa: E402

EACH_LANE = [
    pytest.param(lane, id=lane.name, marks=pytest.mark.xdist_group(lane.name)) for lane in LANES
]


@pytest.fixture(scope="session", params=EACH_LANE)
def recorder(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Recorder]:
    """Yield the recorder of a lane."""
    started = Recorder(request.param, tmp_path_factory.mktemp(request.param.name))
    yield started
    started.stop()


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project of the cases of what governs a run."""
    return prepare(tmp_path_factory.mktemp("prepared") / "project")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the lanes take turns with the cases of a test marked `turns`.

    Each case runs on one of them; `make lab` runs what is left. What is known to fail must fail.
    """
    mark(items, known_failures())
    cases: dict[object, list[pytest.Item]] = {}
    for item in items:
        if item.get_closest_marker("turns") and not item.get_closest_marker("lab"):
            assert isinstance(item, pytest.Function)
            given = {k: v for k, v in item.callspec.params.items() if k != "recorder"}
            cases.setdefault((item.originalname, str(given)), []).append(item)
    for number, lanes in enumerate(cases.values()):
        for item in lanes:
            if item is not lanes[number % len(lanes)]:
                item.add_marker(pytest.mark.lab)
