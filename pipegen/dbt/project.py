"""Read what pipegen needs of a `dbt_project.yml`."""

from __future__ import annotations

from pathlib import Path

from pipegen.bounded import read_bytes
from pipegen.dbt.manifest import ManifestError
from pipegen.source.peek import top_level

MAX_BYTES = 1_000_000


def profile_of(folder: Path) -> str:
    """Return the name of the profile a dbt project uses.

    Raises ManifestError if its `dbt_project.yml` cannot be read or names none.
    """
    try:
        text = read_bytes(folder / "dbt_project.yml", MAX_BYTES).decode("utf-8-sig")
        profile = top_level(text, "profile")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ManifestError(f"its dbt_project.yml cannot be read: {reason}") from None
    if not profile:
        raise ManifestError("its dbt_project.yml names no profile")
    return profile
