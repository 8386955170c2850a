"""Run generated jobs on the real Dagster and tell what its event log says.

Reads requests and writes answers as lines of JSON, until the end of its input. Each job runs
in process on an instance with storage on disk. Steps are called as tasks are: without the
name of the pipeline, which makes them unique among several.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.path.remove(str(Path(__file__).parent))  # this file must not be taken for Dagster
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "true"

import dagster as dg  # noqa: E402
from dagster._core.execution.api import create_execution_plan  # noqa: E402
from dagster._utils.schedules import schedule_execution_time_iterator  # noqa: E402
from dbt.cli.main import dbtRunner  # noqa: E402

INVOKE = dbtRunner.invoke
SHIM = """#!{python}
import json, os, sys
if sys.argv[1:] == ["--version"]:  # dagster-dbt asks before each build, and it takes seconds
    sys.exit(print({version!r}))
with open({log!r}, "a") as log:
    log.write(json.dumps(sys.argv[1:]) + "\\n")
os.execv({dbt!r}, [{dbt!r}, *sys.argv[1:]])
"""
ENDS = {"STEP_SUCCESS": "success", "STEP_FAILURE": "failed", "STEP_SKIPPED": "skipped"}
INSTANTS, TICKS = 20, 200
"""How many instants of a schedule are told after a moment, of how many at which it comes due."""
ABANDONED = "Dependencies for step {} "


class Recorder:
    """Observes runs on one instance; `argv` is the log of what dbt was asked for."""

    def __init__(self, folder: Path) -> None:
        self.argv = folder / "argv.jsonl"
        home, self.bin = folder / "home", folder / "bin"
        home.mkdir()
        self.bin.mkdir()
        self.instance = dg.DagsterInstance.local_temp(str(home))
        dbt = shutil.which("dbt", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert dbt
        shim = self.bin / "dbt"
        version = subprocess.check_output([dbt, "--version"], text=True)
        shim.write_text(
            SHIM.format(python=sys.executable, log=str(self.argv), dbt=dbt, version=version)
        )
        shim.chmod(0o755)
        dbtRunner.invoke = self.in_process()  # type: ignore[method-assign]

    def in_process(self) -> Any:
        """Return dbtRunner's `invoke`, which first writes down what it is asked for."""

        def invoke(runner: dbtRunner, args: list[str], **kwargs: Any) -> Any:
            with self.argv.open("a") as log:
                log.write(json.dumps(list(args)) + "\n")
            return INVOKE(runner, args, **kwargs)

        return invoke

    def observe(self, request: dict[str, Any]) -> dict[str, Any]:
        """Load and run one job in an environment of its own."""
        self.argv.write_text("")
        variables = {**request["env"], "PATH": f"{self.bin}:{os.environ['PATH']}"}
        with environment(variables, request["path"]):
            if recipe := request.get("recipe"):
                return self.rerun(Path(request["file"]).parents[1], recipe)
            defs = load(request["file"]).defs
            schedules = self.schedules(defs, request["pipeline"], request.get("moments", []))
            job = defs.resolve_job_def(request["pipeline"])
            steps = {step.key: step for step in create_execution_plan(job).steps}
            tags = {"run_date": day} if (day := request.get("day")) else None
            run = job.execute_in_process(
                run_config=configuration(request["pipeline"], request.get("params")),
                instance=self.instance,
                raise_on_error=False,
                tags=tags,
            )
            logs = self.instance.all_logs(run.run_id)
        prefix = f"{request['pipeline']}__"
        invocations = [json.loads(line) for line in self.argv.read_text().splitlines()]
        return {
            "succeeded": run.success,
            "tasks": {key.removeprefix(prefix): ended(key, logs) for key in steps},
            "edges": [
                [before.removeprefix(prefix), key.removeprefix(prefix)]
                for key, step in steps.items()
                for before in sorted(step.get_execution_dependency_keys())
            ],
            "schedules": schedules,
            "dbt": [argv for argv in invocations if "parse" not in argv],
            "told": told(logs),
        }

    def schedules(self, defs: dg.Definitions, job: str, moments: list[str]) -> list[dict[str, Any]]:
        """Return the schedules of a job."""
        repository = defs.get_repository_def()
        return [
            {
                "cron": schedule.cron_schedule,
                "timezone": schedule.execution_timezone,
                "enabled": schedule.default_status is dg.DefaultScheduleStatus.RUNNING,
                "instants": {
                    moment: list(islice(self.instants(repository, schedule, moment), INSTANTS))
                    for moment in moments
                },
            }
            for schedule in repository.schedule_defs
            if schedule.job_name == job
        ]

    def instants(
        self, repository: dg.RepositoryDefinition, schedule: dg.ScheduleDefinition, moment: str
    ) -> Iterator[str]:
        """Yield the instants after a moment at which the daemon's tick asks for a run."""
        start = datetime.fromisoformat(moment).timestamp()
        cron, timezone = schedule.cron_schedule, schedule.execution_timezone
        for instant in islice(schedule_execution_time_iterator(start, cron, timezone), TICKS):
            context = dg.build_schedule_context(self.instance, instant, repository_def=repository)
            if schedule.evaluate_tick(context).run_requests:
                yield instant.isoformat()

    def rerun(self, folder: Path, recipe: str) -> dict[str, Any]:
        """Follow a recipe for the last run, and return the end of the run that came of it."""
        [failed] = self.instance.get_runs(limit=1)
        home = self.instance.root_directory
        variables = {**os.environ, "DAGSTER_HOME": home, "RUN": failed.run_id}
        subprocess.run(["bash", "-euc", recipe], cwd=folder, env=variables, check=True)
        [again] = self.instance.get_runs(limit=1)
        return {"succeeded": again.is_success and again.parent_run_id == failed.run_id}


def configuration(pipeline: str, params: dict[str, Any] | None) -> dict[str, Any]:
    """Return the configuration of a run with these parameters, as the launchpad has it."""
    return {"resources": {f"{pipeline}_params": {"config": params}}} if params else {}


def ended(step: str, logs: list[Any]) -> dict[str, Any]:
    """Return the end of a step, as the events and messages of the run tell it."""
    events = [
        (entry.dagster_event.event_type_value, entry.timestamp)
        for entry in logs
        if entry.dagster_event and entry.dagster_event.step_key == step
    ]
    starts = [time for kind, time in events if kind in ("STEP_START", "STEP_RESTARTED")]
    ends = [(ENDS[kind], time) for kind, time in events if kind in ENDS]
    if ends and ends[0][0] == "success" and not any(kind == "STEP_OUTPUT" for kind, _ in events):
        ends = [("skipped", ends[0][1])]  # it left its asset out
    for state in told_of(step, logs):
        ends = [(state["state"], ends[0][1])]
        starts = starts if state["attempts"] else []
    if not events or not (starts or ends):
        abandoned = any(entry.user_message.startswith(ABANDONED.format(step)) for entry in logs)
        ends = [("upstream_failed" if abandoned else "not run", 0.0)]
    [(state, time)] = ends
    return {
        "state": state,
        "attempts": len(starts),
        "started": starts[0] if starts else None,
        "ended": time if starts else None,
    }


def told_of(step: str, logs: list[Any]) -> list[dict[str, Any]]:
    """Return what a step tells of its own end, in the asset of its state."""
    return [
        facts(event.step_materialization_data.materialization.metadata)
        for event in (entry.dagster_event for entry in logs if entry.dagster_event)
        if event.is_step_materialization
        and event.step_key == step
        and event.step_materialization_data.materialization.asset_key.path[2:] == ["state"]
    ]


def told(logs: list[Any]) -> dict[str, dict[str, Any]]:
    """Return what the events of a run say of each asset, and of each check, `asset: check`."""
    said: dict[str, dict[str, Any]] = {}
    for event in (entry.dagster_event for entry in logs if entry.dagster_event):
        if event.is_step_materialization:
            asset = event.step_materialization_data.materialization
            said[asset.asset_key.to_user_string()] = facts(asset.metadata)
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            said[f"{check.asset_key.to_user_string()}: {check.check_name}"] = {
                "passed": check.passed,
                "severity": check.severity.value,
                **facts(check.metadata),
            }
    return said


def facts(metadata: Any) -> dict[str, Any]:
    """Return the values of metadata."""
    return {name: item.value for name, item in metadata.items()}


@contextmanager
def environment(variables: dict[str, str], folders: list[str]) -> Iterator[None]:
    """Set variables and make the user's modules importable; afterwards forget both."""
    variables = {**variables, "PYTHONPATH": os.pathsep.join(folders)}
    before = dict(os.environ)
    os.environ.update(variables)
    sys.path[:0] = folders
    try:
        yield
    finally:
        del sys.path[: len(folders)]
        os.environ.clear()
        os.environ.update(before)
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if file and any(Path(file).is_relative_to(folder) for folder in folders):
                del sys.modules[name]
        importlib.invalidate_caches()


def load(file: str) -> ModuleType:
    """Import a generated file anew."""
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[module.__name__] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Answer every request."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder))
        for line in sys.stdin:
            try:
                answer = recorder.observe(json.loads(line))
            except BaseException:
                answer = {"error": traceback.format_exc()}
            print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
