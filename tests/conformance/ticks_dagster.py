"""Ask a schedule of Dagster what it starts: before, while and after a run of its job.

`ticks_dagster.py FILE` prints, as its last line, the status the schedule is deployed with and how
many runs it asks for at each of these times, as JSON.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import dagster as dg


def main(file: str) -> None:
    """Evaluate the schedule at three times."""
    module = load(file)
    job = module.defs.resolve_job_def(module.job.name)
    with tempfile.TemporaryDirectory() as home, dg.DagsterInstance.local_temp(home) as instance:
        before = asked(module, instance)
        run = instance.create_run_for_job(job)
        during = asked(module, instance)
        instance.report_run_canceled(run)
        after = asked(module, instance)
    print(json.dumps([module.schedule.default_status.value, before, during, after]))


def asked(module: ModuleType, instance: dg.DagsterInstance) -> int:
    """Return how many runs the schedule asks for."""
    due = datetime(2026, 2, 2, 5, tzinfo=UTC)
    repository = module.defs.get_repository_def()
    context = dg.build_schedule_context(instance, due, repository_def=repository)
    return len(module.schedule.evaluate_tick(context).run_requests)


def load(file: str) -> ModuleType:
    """Import a generated file."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main(sys.argv[1])
