"""Cases that are known to fail: a list that may only become shorter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
import yaml

FILE = Path(__file__).parent / "control" / "known_failures.yaml"


def known_failures(file: Path = FILE) -> dict[str, str]:
    """Return why the cases fail that are known to, by `lane/case/plan`."""
    known: dict[str, str] | None = yaml.safe_load(file.read_text("utf-8"))
    return known or {}


def mark(items: Iterable[pytest.Item], known: Mapping[str, str]) -> None:
    """Have the tests of what is known to fail pass only if it does."""
    for item in items:
        given = getattr(item, "callspec", None)
        if given is None or not {"recorder", "name", "plan"} <= given.params.keys():
            continue
        lane = given.params["recorder"].name
        if why := known.get(f"{lane}/{given.params['name']}/{given.params['plan']}"):
            item.add_marker(pytest.mark.xfail(strict=True, raises=AssertionError, reason=why))
