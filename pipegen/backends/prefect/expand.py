"""The task in which prefect-dbt makes a task run of each node that it finds."""

from __future__ import annotations

from pipegen import ir
from pipegen.backends import calls, dbt
from pipegen.backends.prefect.control import waits
from pipegen.emit import Code, expression, literal


def expanded(task: ir.Task, action: ir.Dbt, constant: str, run: calls.Run) -> Code:
    """Return the arguments of `build_nodes`, the function the file defines itself."""
    target = action.project.dir / "target"
    named = {"select": literal(" ".join(action.select))}
    if action.exclude:
        named["exclude"] = literal(" ".join(action.exclude))
    if dbt.refreshes(action) or action.full_refresh is True:
        named["full_refresh"] = expression(action.full_refresh, run)
    if env := dbt.environment(action, run):
        named["env"] = env
    if task.timeout:
        named["timeout"] = calls.seconds(task.timeout)
    if (manifest := action.project.manifest) and manifest != target / "manifest.json":
        named["manifest_path"] = Code(f"Path({dbt.folder(action.project, manifest)})")
    if action.threads:
        named["threads"] = literal(action.threads)
    if action.state_dir is not None:
        *_, state = dbt.deferral(action)
        named |= {"defer": literal(True), "state_path": Code(f"Path({state})")}
    named["retries"] = literal(task.retries.count)
    if task.retries.count:
        named["retry_delay_seconds"] = waits(task.retries)
    return calls.arguments((dbt.project(action, constant, run),), named, beside=17)
