"""What resolving dbt selections costs, in CPU time, beside importing dbt in the same minute.

    python benchmarks/selections.py [MODELS]

validates 20 pipelines with 60 selections of a dbt project of 5000 models: once where dbt must be
asked, and once where its answers are kept.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from synthetic import DOMAINS, project

PROJECT = {
    "version": 1,
    "project": "benchmark",
    "backends": {"headless": {}},
    "dbt": {"projects": {"wide": {"dir": "dbt"}}},
}
SELECTIONS = (
    ("staging", "tag:staging,tag:{domain}"),
    ("chain", "fct_{domain}_0+"),
    ("marts", "path:models/marts/{domain}"),
)
"""The selections of each pipeline, by transform; what two of them build is built once."""


def main() -> None:
    """Measure, and print the ratios."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    with tempfile.TemporaryDirectory() as scratch:
        folder = pipelines(project(Path(scratch) / "project", models))
        manifest = folder / "dbt" / "target" / "manifest.json"
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        env |= {"PIPEGEN_CACHE_DIR": str(Path(scratch) / "cache")}
        env |= {"PYTHONPYCACHEPREFIX": str(Path(scratch) / "compiled")}

        def spent(*command: str) -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            run = [sys.executable, *command]
            subprocess.run(run, cwd=folder, env=env, check=True, capture_output=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        def best(*command: str) -> float:
            return min(spent(*command) for _ in range(3))

        validate = ("-m", "pipegen", "validate")
        spent(*validate)  # compiles what is imported
        importing = best("-c", "import dbt.cli.main")
        parsing = best("-c", f"import json; json.load(open({str(manifest)!r}))")
        miss = best(*validate)
        spent("-m", "pipegen", "render")
        hit = best(*validate)
        size = manifest.stat().st_size / 1e6
    print(f"import dbt.cli.main              {importing:8.2f} s")
    print(f"json.load of the manifest        {parsing:8.2f} s  {size:5.0f} MB, {models} models")
    print(f"validate, dbt is asked           {miss:8.2f} s  {miss / importing:5.1f} x import")
    print(f"validate, answers are kept       {hit:8.2f} s  {hit / parsing:5.1f} x json.load")


def pipelines(folder: Path) -> Path:
    """Write a pipeline for each domain of the dbt project; return the folder."""
    (folder / "pipegen.yaml").write_text(json.dumps(PROJECT), encoding="utf-8")
    (folder / "pipelines").mkdir()
    for number in range(DOMAINS):
        domain = f"d{number:02}"
        transforms = {
            name: {
                "project": "wide",
                "select": select.format(domain=domain),
                "granularity": "step",
                "allow_overlap": True,
            }
            for name, select in SELECTIONS
        }
        text = json.dumps({"version": 1, "pipeline": domain, "transforms": transforms})
        (folder / "pipelines" / f"{domain}.yaml").write_text(text, encoding="utf-8")
    return folder


if __name__ == "__main__":
    main()
