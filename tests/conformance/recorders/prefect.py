"""Run generated flows on the real Prefect and tell what it recorded.

Reads requests as JSON lines on stdin and answers one JSON line each on stdout. Needs
nothing but Prefect's own environment, and knows a pipeline only by its generated file.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.path.remove(str(Path(__file__).parent))  # this file must not be taken for Prefect
os.environ.update(
    DO_NOT_TRACK="1",
    PREFECT_SERVER_ANALYTICS_ENABLED="false",
    PREFECT_LOGGING_LEVEL="CRITICAL",
    PREFECT_LOGGING_SERVER_LEVEL="CRITICAL",
    PREFECT_LOGGING_TO_API_ENABLED="false",
    PREFECT_LOCAL_STORAGE_PATH=str(Path.cwd() / "results"),
    # fewer writers: the server answers 503 while SQLite is locked, and clients wait for seconds
    PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED="false",
    PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED="false",
)

import prefect.settings  # noqa: E402
import yaml  # noqa: E402
from dbt.cli.main import dbtRunner  # noqa: E402
from prefect import Flow, State, Task  # noqa: E402
from prefect.cli.deploy._models import PrefectYamlModel  # noqa: E402
from prefect.cli.deploy._schedules import _construct_schedules  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas.actions import DeploymentScheduleCreate  # noqa: E402
from prefect.flow_engine import run_flow  # noqa: E402
from prefect.server.schemas.schedules import CronSchedule  # noqa: E402
from prefect.settings import PREFECT_API_URL, temporary_settings  # noqa: E402
from prefect.states import Scheduled  # noqa: E402
from prefect.testing.utilities import prefect_test_harness  # noqa: E402

PATIENCE_SECONDS = 60.0
INSTANTS = 20
"""How many instants of a schedule are told after each moment that is asked about."""
STATES = {"COMPLETED": "success", "FAILED": "failed", "CRASHED": "failed"}
NAMED = {"NotReady": "upstream_failed", "Skipped": "skipped"}
"""The states of task runs that have done no work, by name; Prefect counts some as a run."""
UNTRIED = "CancelledError: Task run cancelled by the task runner"
"""How the state of a task run ends its message that a flow run's end kept from its work."""

submissions: list[str] = []
dbt_invocations: list[list[str]] = []
last_flow_run: list[str] = []
_invoke = dbtRunner.invoke


def _logged(self: dbtRunner, args: list[str], **options: Any) -> Any:
    if args[0] != "parse":
        dbt_invocations.append(list(args))
    return _invoke(self, args, **options)


dbtRunner.invoke = _logged  # type: ignore[method-assign]

_submit = Task.submit


def _counted(self: Task[..., Any], *args: Any, **options: Any) -> Any:
    future = _submit(self, *args, **options)
    submissions.append(str(future.task_run_id))
    return future


Task.submit = _counted  # type: ignore[method-assign]


@contextlib.contextmanager
def surroundings(env: dict[str, str], path: list[str]) -> Iterator[None]:
    """Set the environment and the module path of one request, and undo them."""
    before, modules = dict(os.environ), set(sys.modules)
    os.environ.update(env)
    os.environ["PYTHONPATH"] = os.pathsep.join(path)
    sys.path[:0] = path
    importlib.invalidate_caches()
    settings = {name: value for name, value in env.items() if name.startswith("PREFECT_")}
    try:
        # Prefect reads its environment once, when it is imported
        with temporary_settings(
            {getattr(prefect.settings, key): settings[key] for key in settings}
        ):
            yield
    finally:
        del sys.path[: len(path)]
        os.environ.clear()
        os.environ.update(before)
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and any(Path(file).is_relative_to(folder) for folder in path):
                del sys.modules[name]


def load(file: str, pipeline: str) -> Flow[..., Any]:
    """Return the flow called `pipeline` that the file defines."""
    spec = importlib.util.spec_from_file_location("recorded_flow", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    flows = [item for item in vars(module).values() if isinstance(item, Flow)]
    (flow,) = (flow for flow in flows if flow.name == pipeline)
    return flow


def run(flow: Flow[..., Any], day: str | None, params: dict[str, Any]) -> State[Any]:
    """Run the flow now, or as on the day it was scheduled for."""
    if day is None:
        return flow(**params, return_state=True)
    noon = datetime.fromisoformat(f"{day}T12:00:00+00:00")
    with get_client(sync_client=True) as client:
        scheduled = client.create_flow_run(
            flow, parameters=params, state=Scheduled(scheduled_time=noon)
        )
    return run_flow(flow, flow_run=scheduled, parameters=params, return_type="state")


def rerun(request: dict[str, Any]) -> dict[str, Any]:
    """Follow a recipe for the flow run before, and return what Prefect's server knows of it."""
    (flow_run_id,) = last_flow_run
    variables = {**os.environ, "PREFECT_API_URL": PREFECT_API_URL.value(), "RUN": flow_run_id}
    folder, recipe = Path(request["file"]).parents[1], request["recipe"]
    subprocess.run(["bash", "-euc", recipe], cwd=folder, env=variables, check=True)
    with get_client(sync_client=True) as client:
        state = client.read_flow_run(UUID(flow_run_id)).state
    return {"succeeded": state is not None and state.is_completed()}


def record(request: dict[str, Any]) -> dict[str, Any]:
    """Run the flow once, and return what Prefect's server knows of the run."""
    file, pipeline = request["file"], request["pipeline"]
    deployments = Path(file).parents[1] / "prefect.yaml"
    dbt_invocations.clear()
    submissions.clear()
    ended = run(load(file, pipeline), request.get("day"), request.get("params", {}))
    flow_run_id = ended.state_details.flow_run_id
    assert flow_run_id is not None
    last_flow_run[:] = [str(flow_run_id)]
    results = ended.result(raise_on_failure=False)
    if isinstance(results, BaseException) and not submissions:
        raise results  # it did not begin: there is nothing to tell of
    states = results if isinstance(results, list) else []
    made = final_task_runs(flow_run_id, expected=set(submissions))
    runs = [run for run in made if "__parents__" not in run["task_inputs"]]  # a task's own are its
    names = {run["id"]: run["name"] for run in runs}
    returned = {
        str(state.state_details.task_run_id): state.result()
        for state in states
        if state.is_completed()
    }
    if len(set(names.values())) != len(runs):
        raise ValueError(f"two task runs of one name: {sorted(names.values())}")
    return {
        "succeeded": ended.is_completed(),
        "tasks": {run["name"]: task(run) for run in runs},
        "edges": sorted(
            [names[upstream["id"]], run["name"]]
            for run in runs
            for upstream in run["task_inputs"].get("wait_for", ())
        ),
        "schedules": schedules(deployments, pipeline, request.get("moments", [])),
        "dbt": list(dbt_invocations),
        "told": {
            run["name"]: {
                "state": run["state_name"],
                "message": run["state"]["message"],
                "result": returned.get(run["id"]),
            }
            for run in runs
        },
    }


def schedules(file: Path, pipeline: str, moments: list[str]) -> list[dict[str, Any]]:
    """Return the schedules `prefect deploy` makes of a deployment, which the server works out."""
    if not file.exists():
        return []
    wanted = PrefectYamlModel.model_validate(yaml.safe_load(file.read_text()))
    made = [
        (deployment.paused, DeploymentScheduleCreate.model_validate(schedule))
        for deployment in wanted.deployments
        if deployment.name == pipeline
        for schedule in _construct_schedules(
            deployment.model_dump(exclude_unset=True), {}, console=None, is_interactive=bool
        )
        or []
    ]
    return [
        {
            "cron": known.cron,
            "timezone": known.timezone,
            "enabled": bool(schedule.active) and not paused,
            "instants": {moment: instants(known, moment) for moment in moments},
        }
        for paused, schedule in made
        for known in [CronSchedule.model_validate(schedule.schedule.model_dump())]
    ]


def instants(schedule: CronSchedule, moment: str) -> list[str]:
    """Return the first instants after a moment for which the server makes a run."""
    dates = schedule.get_dates(INSTANTS, datetime.fromisoformat(moment))
    return [date.isoformat() for date in asyncio.run(dates)]


def task(run: dict[str, Any]) -> dict[str, Any]:
    """Return how a task run ended, how often it was tried and when."""
    return {
        "state": state(run),
        "attempts": attempts(run),
        "started": epoch(run["start_time"]),
        "ended": epoch(run["end_time"]),
    }


def state(run: dict[str, Any]) -> str | None:
    """Return the final state of a task run, or None if it is not final, or not all there yet."""
    if run["state"] is None:
        return None
    name, type = run["state_name"], run["state_type"]
    if (name, type) == ("SaidNo", "COMPLETED"):
        return "skipped"
    return NAMED.get(name) or STATES.get(type)


def attempts(run: dict[str, Any]) -> int:
    """Return how often a task run did its work, or began to."""
    message = run["state"]["message"] or ""
    untried = run["state_name"] in NAMED or message.endswith(UNTRIED)
    return 0 if untried else int(run["run_count"])


def epoch(moment: str | None) -> float | None:
    """Return a moment as the server writes it in seconds."""
    return None if moment is None else datetime.fromisoformat(moment).timestamp()


def final_task_runs(flow_run_id: UUID, expected: set[str]) -> list[dict[str, Any]]:
    """Return the task runs of a flow run once the server, which lags behind, has them all."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    wanted = {"flow_runs": {"id": {"any_": [str(flow_run_id)]}}, "limit": 200}
    with get_client(sync_client=True) as client:
        while True:
            runs: list[dict[str, Any]] = []
            while page := client.request(
                "POST", "/task_runs/filter", json={**wanted, "offset": len(runs)}
            ).json():
                runs += page
            if expected <= {run["id"] for run in runs} and all(map(state, runs)):
                return runs
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(runs)} of {len(expected)} task runs: {runs}")
            time.sleep(0.1)


def main() -> None:
    """Answer every request."""
    with prefect_test_harness(server_startup_timeout=120):
        for line in sys.stdin:
            request = json.loads(line)
            try:
                with surroundings(request["env"], request["path"]):
                    answer = rerun(request) if "recipe" in request else record(request)
            except Exception:
                answer = {"error": traceback.format_exc()}
            print(json.dumps(answer), file=ANSWERS, flush=True)


if __name__ == "__main__":
    main()
