"""The files of a dbt project, as they are found below its folder; no link is followed."""

from __future__ import annotations

import os
import posixpath
import stat
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

MAX_ENTRIES = 50_000
"""The files and folders that are looked at: of a project with more, nothing is said."""


@dataclass(slots=True)
class Found:
    """The files there are, with the time each was changed, the folders, and the links met."""

    changed: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)

    def is_below_link(self, path: str) -> bool:
        """Whether a path cannot be known, since a link is on its way."""
        while path:
            if path in self.links:
                return True
            path = posixpath.dirname(path)
        return False


def inside(path: Any) -> str | None:
    """Return a path of the project with slashes; None for what leads out of it."""
    return _normal(path) if isinstance(path, str) and path else None


@lru_cache(maxsize=MAX_ENTRIES)
def _normal(path: str) -> str | None:
    text = posixpath.normpath(path.replace("\\", "/"))
    is_outside = text.startswith(("/", "../")) or text in (".", "..") or "\0" in text
    return None if is_outside or text[1:2] == ":" else text


def found_in(folder: Path, tops: set[str]) -> Found | None:
    """Return the files in `folder` and below the folders of `tops`; None if there are too many."""
    found, left, count = Found(), [""], 0
    while left:
        above = left.pop()
        with os.scandir(folder / above) as entries:
            for entry in entries:
                count += 1
                if count > MAX_ENTRIES:
                    return None
                path = f"{above}/{entry.name}" if above else entry.name
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISLNK(status.st_mode):
                    found.links.add(path)
                elif stat.S_ISREG(status.st_mode):
                    found.changed[path] = status.st_mtime_ns
                elif stat.S_ISDIR(status.st_mode) and (above or path in tops):
                    found.folders.add(path)
                    left.append(path)
    return found
