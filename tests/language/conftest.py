"""The dbt projects of the suite, parsed once."""

from __future__ import annotations

import pytest

from tests.language.world import World, laid_out


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(laid_out(tmp_path_factory.mktemp("language")))
