"""A module fits in one reading."""

from __future__ import annotations

from pathlib import Path

import pipegen

PACKAGE = Path(pipegen.__file__).parent
LIMIT = 300


def test_no_module_is_longer_than_300_lines() -> None:
    modules = sorted(PACKAGE.rglob("*.py"))
    lengths = {
        path.relative_to(PACKAGE).as_posix(): len(path.read_text("utf-8").splitlines())
        for path in modules
    }
    assert lengths
    assert {name: length for name, length in lengths.items() if length > LIMIT} == {}
