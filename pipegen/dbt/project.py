"""Read what pipegen needs of a `dbt_project.yml`."""

from __future__ import annotations

from pathlib import Path

from pipegen.dbt.manifest import ManifestError


def profile_of(folder: Path) -> str:
    """Return the name of the profile a dbt project uses.

    Raises ManifestError if its `dbt_project.yml` cannot be read or names none.
    """
    from dbt.clients.yaml_helper import load_yaml_text

    try:
        loaded = load_yaml_text((folder / "dbt_project.yml").read_text(encoding="utf-8"))
    except Exception as error:
        raise ManifestError(f"its dbt_project.yml cannot be read: {error}") from None
    profile = loaded.get("profile") if isinstance(loaded, dict) else None
    if not isinstance(profile, str):
        raise ManifestError("its dbt_project.yml names no profile")
    return profile
