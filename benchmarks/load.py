"""What loading generated code costs, in CPU time, beside what one writes without pipegen.

    python benchmarks/load.py [--models N] [--many N] [--rounds N]

A dbt project of 1000 models, a task each: Airflow beside Cosmos's `DbtTaskGroup`, Dagster beside
one `@dbt_assets`, Prefect beside the two forms of prefect-dbt. Then 20 groups of 5 models each
on a project of 2000.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

import synthetic
from lanes import PEERS, environment, probe, render, table

PROJECT = """\
version: 1
project: benchmark
backends: {airflow: {}, dagster: {}, prefect: {}}
dbt:
  projects:
    shop: {dir: dbt, profiles_dir: dbt, target: dev, manifest: dbt/target/manifest.json}
defaults: {owner: data, retries: 2}
"""
PIPELINE = """\
version: 1
pipeline: daily
schedule: {cron: "0 5 * * *", timezone: Europe/Rome, start: 2026-01-01}
transforms:
"""
GROUPS = 20
SIZE = 5
COSMOS = {
    "DbtTaskGroup, a model with its tests": "build",
    "DbtTaskGroup, tests after it (default)": "after_each",
}
AIRFLOW = ("check", "new", "first", "warm", "serialize", "whole")


def main() -> None:
    """Measure, and print a table for each orchestrator."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--many", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    everything = {"shop": ["path:models"]}
    with TemporaryDirectory() as scratch:
        model, step, many = (Path(scratch) / name for name in ("model", "step", "many"))
        for folder, granularity in ((model, "model"), (step, "step")):
            synthetic.project(folder, options.models)
            specify(folder, everything, granularity)
        synthetic.project(many, options.many)
        groups = tag(many / "dbt" / "target" / "manifest.json")
        specify(many, groups, "model")
        airflow(f"{options.models} models in one group", model, everything, options.rounds)
        airflow(f"{GROUPS} groups of {SIZE} of {options.many}", many, groups, options.rounds)
        dagster(f"{options.models} models", model, step, options.rounds)
        prefect(f"{options.models} models", model, step, options.rounds)


def specify(folder: Path, groups: Mapping[str, Sequence[str]], granularity: str) -> None:
    """Write and render a pipeline with a transform for each group."""
    (folder / "pipegen.yaml").write_text(PROJECT, encoding="utf-8")
    transforms = [
        f"  {name}: {{project: shop, select: {json.dumps(select)}, granularity: {granularity}}}\n"
        for name, select in groups.items()
    ]
    (folder / "pipelines").mkdir()
    path = folder / "pipelines" / "daily.yaml"
    path.write_text(PIPELINE + "".join(transforms), encoding="utf-8")
    render(folder)


def tag(manifest: Path) -> dict[str, Sequence[str]]:
    """Give some models of a manifest the tag of a group; return the selection of each group."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    models = [node for node in content["nodes"].values() if node["resource_type"] == "model"]
    stride = len(models) // GROUPS
    groups: dict[str, Sequence[str]] = {}
    for number in range(GROUPS):
        name = f"group_{number:02}"
        groups[name] = [f"tag:{name}"]
        for node in models[number * stride : number * stride + SIZE]:
            node["tags"] = node["config"]["tags"] = [*node["tags"], name]
    manifest.write_text(json.dumps(content), encoding="utf-8")
    return groups


def airflow(title: str, folder: Path, groups: Mapping[str, Sequence[str]], rounds: int) -> None:
    """Parse the generated DAG beside Cosmos's task groups, with the two ways it has for tests."""
    given = {"DBT_DIR": str(folder / "dbt"), "DBT_GROUPS": json.dumps(groups)}
    env = environment("airflow", folder, **given)
    rows = {"generated": folder / "generated/airflow/dags/pg_daily.py"}
    for name, tests in COSMOS.items():
        rows[name] = Path(copy(PEERS / "cosmos_groups.py", folder / f"{tests}.py"))
    costs = probe("airflow", "parse_airflow", env, rounds, *rows.values())
    named = {
        f"{name}: {cost['tasks'][0]} tasks": cost for name, cost in zip(rows, costs, strict=True)
    }
    table(f"Airflow, {title}", named, AIRFLOW)


def dagster(title: str, model: Path, step: Path, rounds: int) -> None:
    """Load the generated definitions beside a project-wide `@dbt_assets`."""
    env = environment("dagster", model, DBT_DIR=str(model / "dbt"))
    rows = {
        "generated, granularity: model": model / "generated/dagster/defs/pg_daily.py",
        "generated, granularity: step": step / "generated/dagster/defs/pg_daily.py",
        "one @dbt_assets, by hand": PEERS / "dagster_project.py",
    }
    costs = probe("dagster", "load_module", env, rounds, "dagster,dagster_dbt", *rows.values())
    table(f"Dagster, {title}", dict(zip(rows, costs, strict=True)), ("new", "first"))


def prefect(title: str, model: Path, step: Path, rounds: int) -> None:
    """Import the generated flow beside those that leave the graph to prefect-dbt."""
    env = environment("peers", model, DBT_DIR=str(model / "dbt"))
    rows = {
        "generated, granularity: model": model / "generated/prefect/flows/pg_daily.py",
        "generated, granularity: step": step / "generated/prefect/flows/pg_daily.py",
        "PrefectDbtRunner, by hand": PEERS / "prefect_runner.py",
        "PrefectDbtOrchestrator, by hand": PEERS / "prefect_orchestrator.py",
    }
    costs = probe("peers", "load_module", env, rounds, "prefect", *rows.values())
    table(f"Prefect, {title}", dict(zip(rows, costs, strict=True)), ("new", "first"))


if __name__ == "__main__":
    main()
