"""Read what pipegen needs of a `dbt_project.yml`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pipegen.bounded import read_bytes
from pipegen.dbt.manifest import ManifestError
from pipegen.source.peek import top_level, top_level_list

T = TypeVar("T")

FILE = "dbt_project.yml"
MAX_BYTES = 1_000_000


def profile_of(folder: Path) -> str:
    """Return the name of the profile a dbt project uses.

    Raises ManifestError if its `dbt_project.yml` cannot be read or names none.
    """
    profile = _read(folder, "profile", top_level)
    if not profile:
        raise ManifestError(f"its {FILE} names no profile")
    return profile


def name_of(folder: Path) -> str | None:
    """Return the name of a dbt project; None if its `dbt_project.yml` does not tell."""
    try:
        return _read(folder, "name", top_level)
    except ManifestError:
        return None


def models_of(folder: Path) -> PurePosixPath:
    """Return the folder of a dbt project's models, the first of them, relative to its own.

    Raises ManifestError if its `dbt_project.yml` cannot be read, or says there is none.
    """
    paths = _read(folder, "model-paths", top_level_list)
    if paths == ():
        raise ManifestError(f"its {FILE} names no folder of models")
    return PurePosixPath(paths[0] if paths else "models")


def _read(folder: Path, key: str, peek: Callable[[str, str], T]) -> T:
    try:
        text = read_bytes(folder / FILE, MAX_BYTES).decode("utf-8-sig")
        return peek(text, key)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ManifestError(f"its {FILE} cannot be read: {reason}") from None
