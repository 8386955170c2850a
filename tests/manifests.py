"""Make the manifests of a project's dbt projects: python tests/manifests.py FOLDER.

It is `dbt deps` where there are packages, and `dbt parse`, in one process.
"""

from __future__ import annotations

import os
import sys
from contextlib import chdir
from pathlib import Path

import yaml

VARIABLES = {"MINI_DB": "mini.duckdb", "MINI_LOG": "log", "DO_NOT_TRACK": "1"}


def main(root: Path) -> None:
    """Parse each dbt project of `pipegen.yaml` whose folder is there."""
    os.environ.update(VARIABLES)
    settings = yaml.safe_load((root / "pipegen.yaml").read_text("utf-8"))
    for project in settings.get("dbt", {}).get("projects", {}).values():
        folder = root / project["dir"]
        if folder.is_dir():
            profiles = root / project.get("profiles_dir", project["dir"])
            with chdir(folder):
                make(profiles)


def make(profiles: Path) -> None:
    """Parse the dbt project of the working folder; raise what dbt raises."""
    from dbt.cli.main import dbtRunner  # takes seconds to import

    commands = ["deps", "parse"] if Path("packages.yml").exists() else ["parse"]
    for command in commands:
        done = dbtRunner().invoke(["--quiet", command, "--profiles-dir", str(profiles)])
        if not done.success:
            raise done.exception or RuntimeError(f"dbt {command} failed")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
