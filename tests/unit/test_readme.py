"""What the README shows is what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"\]\((examples/[^)]+\.(?:yaml|py))\):\n\n```\w+\n(.*?)\n```", README, re.DOTALL)


def test_the_readme_shows_the_specification_and_three_files() -> None:
    assert [Path(path).name for path, _ in SHOWN] == [
        "hourly_catalog.yaml",
        *["pg_hourly_catalog.py"] * 3,
    ]


@pytest.mark.parametrize(("path", "text"), SHOWN, ids=[path for path, _ in SHOWN])
def test_an_excerpt_stands_in_its_file(path: str, text: str) -> None:
    content = (ROOT / path).read_text(encoding="utf-8")
    for part in text.split("\n# …\n"):
        assert part in content


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_mistake_is_a_case() -> None:
    (shown,) = re.findall(r"```\n(error.*?)\n```", README, re.DOTALL)
    case = ROOT / "tests/diagnostics/cases/PG402-empty-selection/expected/expected.txt"
    assert shown in case.read_text(encoding="utf-8")
