"""dbt's answers, kept on this machine for as long as the question is the same to the byte.

A folder holds one file per manifest, named by a hash of all an answer depends on. Whoever can
write there can write anything: what is read is checked, and is a miss if it is not as it should be.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from time import time
from typing import Any

from pipegen import __version__
from pipegen.bounded import read_bytes
from pipegen.dbt.files import found_in, inside
from pipegen.dbt.manifest import Manifest
from pipegen.dbt.selection import Selection, select

VARIABLE = "PIPEGEN_CACHE_DIR"
"""The environment variable that names the folder; nothing is kept if it is empty."""

MAX_BYTES = 32 * 1024 * 1024
MAX_FILES = 50
MAX_AGE = 30 * 24 * 3600

_OURS = re.compile(r"[0-9a-f]{64}\.json(\.\d+)?")

Kept = Mapping[str, tuple[str, ...]]
"""Unique ids by the key of a selection."""


@dataclass(eq=False)
class Answers:
    """What dbt answers to selections on one manifest: kept ones, or new ones as they are needed."""

    manifest: Manifest
    project_dir: Path
    new: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def select(self, selection: Selection) -> tuple[str, ...]:
        """Return the unique ids `dbt build` would select; raise as `pipegen.dbt.selection` does."""
        key = self._key(selection)
        if key:
            for known in (self.new, self._kept):
                if key in known:
                    return known[key]
        (answer,) = select(self.manifest, self.project_dir, [selection])
        if key:
            self.new[key] = answer
        return answer

    def write(self) -> None:
        """Keep the new answers, and let go of what is old; one that cannot be kept is not."""
        folder = _folder()
        if not self.new or folder is None:
            return
        text = json.dumps({**self._kept, **self.new}, separators=(",", ":"))
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if len(text) <= MAX_BYTES:
                _replace(folder / self._name, text)
            _tidy(folder)

    @cached_property
    def _name(self) -> str:
        """Name the file by the manifest and by who answers."""
        from importlib.metadata import version

        known = (self.manifest.digest, __version__, version("dbt-core"))
        return sha256(json.dumps(known).encode()).hexdigest() + ".json"

    @cached_property
    def _kept(self) -> Kept:
        folder = _folder()
        if folder is None:
            return {}
        try:
            kept = json.loads(read_bytes(folder / self._name, MAX_BYTES))
        except (OSError, ValueError, RecursionError):
            return {}
        return {key: tuple(ids) for key, ids in _checked(kept, self.manifest)}

    def _key(self, selection: Selection) -> str | None:
        """Return what the answer goes by; None if it depends on what is not known here."""
        asked: list[Any] = [
            *(selection.select, selection.exclude),
            *(selection.indirect_selection, selection.selector),
        ]
        if self._looks_at_files(selection):
            if self._files is None:
                return None
            asked.append(self._files)
        return sha256(json.dumps(asked).encode()).hexdigest()

    def _looks_at_files(self, selection: Selection) -> bool:
        """Whether dbt may look for files: for `path:`, and for what it takes for a path."""
        written = [*selection.select, *selection.exclude]
        if selection.selector or not written or any("selector:" in text for text in written):
            written.append(json.dumps(self.manifest.raw.get("selectors")))
        return any("path" in text or "/" in text or "\\" in text for text in written)

    @cached_property
    def _files(self) -> str | None:
        """Sum up the files that are there; None if links or their number hide what is."""
        paths = (inside(resource.path) for resource in self.manifest.resources.values())
        try:
            found = found_in(self.project_dir, {path.partition("/")[0] for path in paths if path})
        except OSError:
            return None
        if found is None or found.links:
            return None
        names = sorted((*found.changed, *(f"{folder}/" for folder in found.folders)))
        return sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _checked(kept: Any, manifest: Manifest) -> list[tuple[str, list[str]]]:
    """Return the entries of a file that are as they were written."""
    return [
        (key, ids)
        for key, ids in (kept.items() if isinstance(kept, dict) else ())
        if isinstance(ids, list)
        and all(isinstance(each, str) and each in manifest.resources for each in ids)
        and all(first < second for first, second in pairwise(ids))
    ]


@cache
def _user_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("pipegen", appauthor=False)


def _folder() -> Path | None:
    named = os.environ.get(VARIABLE)
    if named is None:
        return _user_folder() / "selections"
    return Path(named) / "selections" if named else None


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all, beside others who write it."""
    passing = path.with_name(f"{path.name}.{os.getpid()}")
    passing.unlink(missing_ok=True)
    try:
        with passing.open("x", encoding="ascii") as stream:
            stream.write(text)
        passing.replace(path)
    except OSError:
        passing.unlink(missing_ok=True)
        raise


def _tidy(folder: Path) -> None:
    """Remove what is older than `MAX_AGE`, and the oldest of what are more than `MAX_FILES`."""
    files = [path for path in folder.iterdir() if _OURS.fullmatch(path.name)]
    ages = sorted(((path.lstat().st_mtime, path) for path in files), reverse=True)
    oldest = time() - MAX_AGE
    for place, (changed, path) in enumerate(ages):
        if place >= MAX_FILES or changed < oldest:
            path.unlink(missing_ok=True)
