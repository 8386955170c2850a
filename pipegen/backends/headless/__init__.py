"""Headless: one script per pipeline that runs its tasks, each attempt in a process of its own."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target, dbt
from pipegen.backends.headless.offers import CAPABILITIES
from pipegen.backends.headless.script import script
from pipegen.files import PlannedFile
from pipegen.resources import resource


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the script of a pipeline."""
    path = PurePosixPath("run", f"pg_{pipeline.name}.py")
    view = script(pipeline, target.root(path))
    return (PlannedFile(path, "script.py.j2", view, pipeline.source),)


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the list of what the scripts need."""
    actions = [task.action for pipeline in pipelines for task in pipeline.tasks]
    needed = {
        "dbt-core>=1.11,<1.12": any(map(dbt.is_dbt, actions)),
        "httpx>=0.28,<1": any(isinstance(action, ir.Http | ir.RemoteJob) for action in actions),
    }
    required = tuple(package for package, is_needed in needed.items() if is_needed)
    path = PurePosixPath("requirements.txt")
    return (PlannedFile(path, "requirements.txt.j2", required, "pipegen.yaml"),)


BACKEND = Backend(
    name="headless",
    title="headless dbt",
    capabilities=CAPABILITIES,
    templates=resource("templates") / "headless",
    plan=plan,
    plan_project=plan_project,
)
