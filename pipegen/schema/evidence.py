"""What is run for each cell of `docs/support.md`, from `tests/conformance/evidence.yaml`."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping, Sequence

import yaml

from pipegen.capabilities import Feature
from pipegen.resources import resource

FOLDER = "tests/conformance"
EVERYWHERE = "everywhere"
REFUSED = "../language/test_features.py"
"""Where what a back end lacks is asked for."""

Evidence = Mapping[str, Sequence[str]]
"""By the name of a back end, or for all that keep a feature: paths from `FOLDER`, and words."""


def evidence() -> dict[Feature, Evidence]:
    """Return what is run for each feature that any back end keeps."""
    text = (resource("tests") / "conformance" / "evidence.yaml").read_text(encoding="utf-8")
    return {Feature(name): found for name, found in yaml.safe_load(text).items()}


def is_words(entry: str) -> bool:
    """Whether an entry is no path."""
    return " " in entry


def links(found: Evidence, kept_by: Sequence[str], titles: Mapping[str, str]) -> str:
    """Return links from `docs/` to what is run for a feature, each once, with whom it is run on."""
    runs: dict[str, list[str]] = {}
    for backend in kept_by:
        for entry in (*found.get(EVERYWHERE, ()), *found.get(backend, ())):
            runs.setdefault(entry.partition("::")[0], []).append(backend)
    entries = runs if kept_by else {REFUSED: []}
    return "; ".join(_linked(entries, kept_by, titles))


def _linked(
    entries: Mapping[str, list[str]], kept_by: Sequence[str], titles: Mapping[str, str]
) -> Iterator[str]:
    for entry, on in entries.items():
        name = posixpath.basename(entry).partition(".")[0]
        path = posixpath.normpath(posixpath.join("..", FOLDER, entry))
        shown = entry if is_words(entry) else f"[{name}]({path})"
        where = "" if on == list(kept_by) else f" ({', '.join(titles[each] for each in on)})"
        yield shown + where
