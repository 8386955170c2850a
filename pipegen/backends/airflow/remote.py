"""Jobs of a service in a DAG file: the official operators, and the connections they take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from pipegen import ir
from pipegen.backends import remote
from pipegen.backends.airflow.code import Keywords, assets, present, take, wrapped
from pipegen.backends.airflow.params import Late, template
from pipegen.backends.airflow.views import Connection, Operator
from pipegen.emit import Code, expression, literal

Connections = Mapping[str, Connection]
"""The connections that jobs take, by name."""


def connections(tasks: Iterable[ir.Task], taken: set[str]) -> Connections:
    """Return the connections that jobs take; each has a function that makes it."""
    actions = [task.action for task in tasks if isinstance(task.action, ir.RemoteJob)]
    found = {action.connection.name: action.connection for action in actions}
    return {
        name: _connection(found[name], take(f"connect_{name}", taken)) for name in sorted(found)
    }


def operator(
    task: ir.Task,
    action: ir.RemoteJob,
    pipeline: str,
    known: Connections,
    late: Late,
    keywords: Keywords,
) -> Operator:
    """Return the operator of a job, which takes one of the `known` connections."""
    job = dict(action.job.items)
    given = present(
        pre_execute=Code(known[action.connection.name].function),
        dbt_cloud_conn_id=literal(action.connection.name),
        job_id=template(job["job_id"], late),
        trigger_reason=remote.cause(pipeline, task),
        steps_override=template(job["steps_override"], late) if "steps_override" in job else None,
        retry_from_failure=literal(True) if remote.resumes(task) else None,
        check_interval=literal(10),
        hook_params=literal({"retry_limit": 4}),
        deferrable=literal(False),
        **keywords,
        inlets=assets("inlets", task.reads, 8),
        outlets=assets("outlets", task.loads, 8),
    )
    return Operator(
        name="DbtCloudRunJobOperator",
        task_id=task.name,
        project=None,
        keywords=tuple(given.items()),
        margin=Code(""),
        width=8,
    )


def reads_environ(action: ir.Action) -> bool:
    """Whether a template of an action reads the environment."""
    if not isinstance(action, ir.RemoteJob):
        return False
    return any(isinstance(leaf, ir.Env) for leaf in ir.leaves(action.job))


def _connection(connection: ir.Connection, function: str) -> Connection:
    where = dict(connection.settings.items)
    url, account = where["url"], where["account_id"]
    if isinstance(url, str):
        host = literal(re.sub(r"\Ahttps?://", "", url).partition("/")[0])
    else:
        host = Code(f"{wrapped('urlsplit', expression(url, {}), beside=30)}.netloc")
    return Connection(
        name=connection.name,
        function=function,
        variable=f"AIRFLOW_CONN_{connection.name.upper()}",
        host=host,
        login=literal(str(account)) if isinstance(account, int) else expression(account, {}),
        password=expression(where["token"], {}),
        is_split=not isinstance(url, str),
    )
