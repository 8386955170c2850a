"""Headless: one script per pipeline that runs its tasks, each attempt in a process of its own."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target, dbt
from pipegen.backends.headless.offers import CAPABILITIES
from pipegen.backends.headless.script import script
from pipegen.backends.headless.starts import crontab, workflow
from pipegen.files import PlannedFile
from pipegen.resources import resource


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the script of a pipeline and, if cron says when it runs, a workflow that starts it."""
    path = PurePosixPath("run", f"pg_{pipeline.name}.py")
    view = script(pipeline, target.root(path))
    files = [PlannedFile(path, "script.py.j2", view, pipeline.source)]
    if pipeline.schedule and pipeline.schedule.cron:
        path = PurePosixPath("workflows", f"pg_{pipeline.name}.yml")
        started = workflow(pipeline, pipeline.schedule, target.out)
        files.append(PlannedFile(path, "workflow.yml.j2", started, pipeline.source))
    return tuple(files)


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the list of what the scripts need, and the lines by which cron starts them."""
    actions = [task.action for pipeline in pipelines for task in pipeline.tasks]
    needed = {
        "dbt-core>=1.11,<1.12": any(map(dbt.is_dbt, actions)),
        "httpx>=0.28,<1": any(isinstance(action, ir.Http | ir.RemoteJob) for action in actions),
    }
    required = tuple(package for package, is_needed in needed.items() if is_needed)
    path = PurePosixPath("requirements.txt")
    files = [PlannedFile(path, "requirements.txt.j2", required, "pipegen.yaml")]
    path = PurePosixPath("run", "crontab.txt")
    lines = crontab(pipelines, target.out, path)
    if lines.lines:
        files.append(PlannedFile(path, "crontab.txt.j2", lines, "pipegen.yaml"))
    return tuple(files)


BACKEND = Backend(
    name="headless",
    title="headless dbt",
    capabilities=CAPABILITIES,
    templates=resource("templates") / "headless",
    plan=plan,
    plan_project=plan_project,
)
