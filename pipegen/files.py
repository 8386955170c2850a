"""Files on their way from a back end to the disk."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file to write: which template, over which view, to which path below the back end's folder.

    `source` is the specification it comes from, for the header.
    """

    path: PurePosixPath
    template: str
    view: object
    source: str


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file ready to be written."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True, slots=True)
class Output:
    """Files for one folder, relative to the project's root.

    `backend` is empty for a lock, and `exposures/<dbt project>` for exposures.
    """

    out: PurePosixPath
    files: tuple[RenderedFile, ...]
    backend: str = ""
