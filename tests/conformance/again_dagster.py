"""Run a job of Dagster that fails, then again as its page offers it: from failure, from assets.

`again_dagster.py` runs the job `$JOB` of the file `$FILE`, and prints, as its last line, which of
the three runs ended well and the states that tasks told in the last, as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

import dagster as dg
from dagster._core.instance.runs.run_domain import RunDomain


def job() -> dg.JobDefinition:
    """Return the job of the generated file."""
    file = Path(os.environ["FILE"])
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[file.stem] = module
    spec.loader.exec_module(module)
    found: dg.JobDefinition = module.defs.resolve_job_def(os.environ["JOB"])
    return found


def main() -> None:
    """Run the job three times."""
    code = dg.reconstructable(job)
    with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        first = dg.execute_job(code, instance)
        options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
        second = dg.execute_job(code, instance, reexecution_options=options)
        tags = {"dagster/parent_run_id": first.run_id, "dagster/root_run_id": first.run_id}
        failed = failed_assets(instance, first.run_id)
        third = dg.execute_job(code, instance, asset_selection=failed, tags=tags)
        states = told(instance, third.run_id)
    print(json.dumps([[first.success, second.success, third.success], states]))


def failed_assets(instance: dg.DagsterInstance, run: str) -> list[dg.AssetKey]:
    """Return what Dagster takes *From asset failure*."""
    found = instance.get_run_by_id(run)
    assert found
    assert found.execution_plan_snapshot_id
    plan = instance.get_execution_plan_snapshot(found.execution_plan_snapshot_id)
    assets, _ = RunDomain(instance).get_keys_to_reexecute(run, plan)
    return sorted(assets)


def told(instance: dg.DagsterInstance, run: str) -> dict[str, str]:
    """Return the states that tasks told in a run."""
    materialized = instance.all_logs(run, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    assets = [
        entry.dagster_event.step_materialization_data.materialization
        for entry in materialized
        if entry.dagster_event
    ]
    return {
        asset.asset_key.path[1]: str(asset.metadata["state"].value)
        for asset in assets
        if asset.asset_key.path[2:] == ["state"]
    }


if __name__ == "__main__":
    main()
