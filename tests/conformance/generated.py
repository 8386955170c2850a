"""Every file that pipegen wrote into this repository: of the examples and of the tests."""

from __future__ import annotations

from pathlib import Path

from lanes import ROOT, Lane

PROJECTS = ("tests/snapshot/cases/*", "tests/conformance/projects/*", "examples/*")


def generated(lane: Lane, root: Path = ROOT) -> list[Path]:
    """Return the Python of a lane's back end, of all projects; `root` may be a copy's."""
    folders = [folder for each in PROJECTS for folder in sorted(root.glob(each))]
    files = [
        file
        for folder in folders
        for out in ("expected", "generated")
        for file in sorted((folder / out / lane.name).glob(lane.path("*")))
    ]
    assert len(files) >= 20
    assert any(file.is_relative_to(root / "examples") for file in files)
    return files
