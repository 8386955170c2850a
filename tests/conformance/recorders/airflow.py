"""Run generated DAGs on the real Airflow and tell what happened, one JSON line a request.

A process that has everything imported forks for each request, and that one forks again for
each attempt of a task: as in production an attempt has a process of its own, and nothing one
case does can reach the next.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.pop(0)  # this folder, in which `airflow` is this very file
ANSWERS = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
HOME = Path(tempfile.mkdtemp(prefix="airflow-"))
os.environ.update(
    {
        "AIRFLOW_HOME": str(HOME),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(HOME / "dags"),
        "AIRFLOW__CORE__DAG_VERSION_INFLATION_CHECK_LEVEL": "error",
        "AIRFLOW__COSMOS__CACHE_DIR": str(HOME / "cosmos"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "DO_NOT_TRACK": "True",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    }
)

import airflow.sdk.definitions.dag as dag_module  # noqa: E402
import cosmos.operators.local  # noqa: E402, F401
import dbt.adapters.duckdb  # noqa: E402, F401
from airflow import settings  # noqa: E402
from airflow.dag_processing.dagbag import DagBag  # noqa: E402
from airflow.models import dagrun  # noqa: E402
from airflow.models.dag import DagModel  # noqa: E402
from airflow.models.dagrun import DagRun  # noqa: E402
from airflow.models.taskinstance import TaskInstance  # noqa: E402
from airflow.models.taskinstancehistory import TaskInstanceHistory  # noqa: E402
from airflow.models.xcom import XComModel  # noqa: E402
from airflow.sdk import timezone  # noqa: E402
from airflow.sdk.execution_time.supervisor import in_process_api_server  # noqa: E402
from airflow.serialization.serialized_objects import DagSerialization  # noqa: E402
from airflow.timetables.base import TimeRestriction  # noqa: E402
from airflow.utils.db import initdb  # noqa: E402
from dbt.adapters.factory import reset_adapters  # noqa: E402
from dbt.cli.main import dbtRunner  # noqa: E402
from openlineage.common.provider.dbt import local  # noqa: E402, F401  (Cosmos imports it late)
from sqlalchemy import select  # noqa: E402

DATABASE = HOME / "airflow.db"
TEMPLATE = HOME / "empty.db"
DBT_LOG = HOME / "dbt.jsonl"
INSTANTS = 20
"""How many instants of a schedule are told after each moment that is asked about."""


def main() -> None:
    """Answer each request until there are no more."""
    forked(initdb)
    DATABASE.rename(TEMPLATE)
    warm_up()
    log_dbt()
    answer = HOME / "answer.json"
    for line in sys.stdin:
        request = json.loads(line)
        if "recipe" not in request:
            for left in HOME.glob(f"{DATABASE.name}*"):
                left.unlink()
            shutil.copy(TEMPLATE, DATABASE)
        DBT_LOG.write_text("")
        answer.write_text(json.dumps({"error": "the process of this case died"}))
        forked(lambda request=request: answer.write_text(json.dumps(observe(request))))
        print(answer.read_text(), file=ANSWERS, flush=True)
    shutil.rmtree(HOME)


def warm_up() -> None:
    """Do here, once, what each attempt would do again in its process. It leaves no thread."""
    in_process_api_server().app._cadwyn_initialize()
    project = HOME / "warm"
    (project / "models").mkdir(parents=True)
    (project / "models" / "one.sql").write_text("select 1 as id")
    (project / "dbt_project.yml").write_text("{name: warm, profile: warm, version: 1.0}")
    profile = "warm: {target: a, outputs: {a: {type: duckdb, path: ':memory:'}}}"
    (project / "profiles.yml").write_text(profile)
    folders = ["--project-dir", str(project), "--profiles-dir", str(project)]
    for _ in range(2):  # in full, and from what the first time left
        dbtRunner().invoke(["--quiet", "parse", *folders])
    reset_adapters()
    gc.freeze()


def forked(work: Callable[[], object]) -> None:
    """Do work in a child process that inherits everything, and wait for its end."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    try:
        settings.engine.dispose(close=False)
        work()
        settings.engine.dispose()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def log_dbt() -> None:
    """Make dbt write down how it is called."""
    invoke = dbtRunner.invoke

    def logged(self: dbtRunner, args: list[str], **kwargs: Any) -> Any:
        if args[0] != "parse":
            with DBT_LOG.open("a") as log:
                log.write(json.dumps(list(map(str, args))) + "\n")
        return invoke(self, args, **kwargs)

    dbtRunner.invoke = logged


def observe(request: dict[str, Any]) -> dict[str, Any]:
    """Run one DAG and return what Airflow's database says of it, or why it did not run."""
    try:
        os.environ.update(request["env"])
        os.environ["PYTHONPATH"] = os.pathsep.join(request["path"])
        sys.path[:0] = request["path"]
        dag = load(Path(request["file"]), request["pipeline"])
        edges = [[task.task_id, down] for task in dag.tasks for down in task.downstream_task_ids]
        day = request.get("day")
        run_after = datetime.fromisoformat(f"{day}T12:00:00+00:00") if day else None
        with one_process_per_attempt(), followed(request.get("recipe")):
            run = dag.test(run_after=run_after, run_conf=request.get("params"))
        return {
            "succeeded": str(run.state) == "success",
            "tasks": recorded(run.run_id),
            "edges": sorted(edges),
            "schedules": schedules(dag, request.get("moments", [])),
            "dbt": [json.loads(line) for line in DBT_LOG.read_text().splitlines()],
            "told": pushed(run.run_id),
        }
    except Exception:
        return {"error": traceback.format_exc()}


def load(file: Path, pipeline: str) -> Any:
    """Load a DAG as the DAG processor does, from a folder of its own."""
    folder = HOME / "dags"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    link = folder / file.name
    link.symlink_to(file.resolve(strict=True))
    bag = DagBag(dag_folder=os.devnull, collect_dags=False)
    dags = bag.process_file(str(link), only_if_updated=False)
    if bag.import_errors:
        raise RuntimeError("\n".join(bag.import_errors.values()))
    for dag in dags:
        DagSerialization.to_dict(dag)
    found = {dag.dag_id: dag for dag in dags}
    return found[pipeline]


@contextlib.contextmanager
def one_process_per_attempt() -> Iterator[None]:
    """Give each attempt a process, and let `dag.test` look for retries more than once a second."""
    run, sleep = dag_module._run_task, time.sleep

    def attempt(**kwargs: Any) -> None:
        def work() -> None:
            time.sleep = sleep
            run(**kwargs)

        forked(work)

    dag_module._run_task = attempt
    time.sleep = lambda seconds: sleep(min(seconds, 0.05))
    try:
        yield
    finally:
        dag_module._run_task, time.sleep = run, sleep


@contextlib.contextmanager
def followed(recipe: str | None) -> Iterator[None]:
    """Follow a recipe for the last run, and let `dag.test` go on with what it queued."""
    if recipe is None:
        yield
        return
    [last] = settings.Session().scalars(select(DagRun))
    variables = {**os.environ, "RUN": last.run_id}
    subprocess.run(["bash", "-euc", recipe], cwd=HOME, env=variables, check=True)
    create = dagrun.get_or_create_dagrun

    def take(*, dag: Any, session: Any, **_: Any) -> DagRun:
        [queued] = session.scalars(select(DagRun).where(DagRun.state == "queued"))
        queued.dag, queued.state = dag, "running"  # as the scheduler does
        session.commit()
        return queued

    dagrun.get_or_create_dagrun = take
    try:
        yield
    finally:
        dagrun.get_or_create_dagrun = create


def recorded(run_id: str) -> dict[str, dict[str, Any]]:
    """Return the tasks of a run; earlier attempts are in a table of their own."""
    session = settings.Session()
    tries: dict[str, list[Any]] = {}
    for table in (TaskInstanceHistory, TaskInstance):
        for row in session.query(table).filter(table.run_id == run_id):
            tries.setdefault(row.task_id, []).append(row)
    tasks = {}
    for task_id, rows in tries.items():
        last = max(rows, key=lambda row: row.try_number)
        ran = last.try_number > 0
        tasks[task_id] = {
            "state": str(last.state),
            "attempts": last.try_number,
            "started": min(row.start_date.timestamp() for row in rows) if ran else None,
            "ended": last.end_date.timestamp() if ran else None,
        }
    return tasks


def schedules(dag: Any, moments: list[str]) -> list[dict[str, Any]]:
    """Return the schedule of a DAG, as the scheduler knows it and the database has it on or off.

    The instants are those after each moment, if none is missed: `catchup` is told beside them.
    """
    known = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    if not known.timetable.can_be_scheduled:
        return []
    written = known.timetable.serialize()
    return [
        {
            "cron": written["expression"],
            "timezone": written["timezone"],
            "enabled": not settings.Session().get(DagModel, dag.dag_id).is_paused,
            "catchup": known.catchup,
            "instants": {moment: list(instants(known, moment)) for moment in moments},
        }
    ]


def instants(dag: Any, moment: str) -> Iterator[str]:
    """Yield the first instants after a moment for which the scheduler would start a run."""
    first = max(dag.start_date, timezone.parse(moment))
    restriction, last = TimeRestriction(first, None, catchup=True), None
    for _ in range(INSTANTS):
        info = dag.timetable.next_dagrun_info(
            last_automated_data_interval=last, restriction=restriction
        )
        yield info.run_after.isoformat()
        last = info.data_interval


def pushed(run_id: str) -> dict[str, Any]:
    """Return what the tasks of a run left in XCom of dbt's answers."""
    rows = settings.Session().scalars(XComModel.get_many(run_id=run_id, key="dbt"))
    return {row.task_id: XComModel.deserialize_value(row) for row in rows}


if __name__ == "__main__":
    main()
