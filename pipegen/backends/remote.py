"""What a job of a service is started with, as the back ends write it."""

from __future__ import annotations

from pipegen import ir
from pipegen.backends import calls
from pipegen.emit import Code, expression, literal


def is_dbt_cloud(action: ir.Action) -> bool:
    """Whether an action runs a job in dbt Cloud."""
    return isinstance(action, ir.RemoteJob) and action.service == "dbt_cloud"


def cause(pipeline: str, task: ir.Task) -> Code:
    """Return what dbt Cloud shows as the reason of a run."""
    return literal(f"pipegen: {pipeline}.{task.name}")


def resumes(task: ir.Task) -> bool:
    """Whether a retry of a job in dbt Cloud goes on from where the run before it failed.

    dbt Cloud does that with the steps of the job, and would forget those of the task.
    """
    if not isinstance(task.action, ir.RemoteJob):
        return False
    return bool(task.retries.count) and "steps_override" not in dict(task.action.job.items)


def run_dbt_cloud(
    task: ir.Task, action: ir.RemoteJob, run: calls.Run, reason: Code | None = None
) -> dict[str, Code]:
    """Return the arguments of the function `run_dbt_cloud` that generated files define."""
    where, what = dict(action.connection.settings.items), dict(action.job.items)
    given = {
        "url": expression(where["url"], run),
        "account": expression(where["account_id"], run),
        "token": expression(where["token"], run),
        "job": expression(what["job_id"], run),
    }
    if reason:
        given["cause"] = reason
    if "steps_override" in what:
        given["steps"] = expression(what["steps_override"], run)
    if task.timeout:
        given["timeout"] = calls.seconds(task.timeout)
    return given
