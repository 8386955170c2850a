"""One warm recorder a lane, for every test of this suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lanes import LANES, Recorder

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
