"""Headless: one script per pipeline that runs its tasks, dbt included, in its own process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target
from pipegen.backends.calls import (
    Project,
    arguments,
    dbt_arguments,
    dbt_project,
    http,
    items,
    seconds,
    shell,
)
from pipegen.capabilities import NOT_YET, Feature, degraded, emulated, native
from pipegen.emit import Code, expression, literal
from pipegen.files import PlannedFile
from pipegen.naming import variable
from pipegen.resources import resource

_RUN = {ir.RunField.DATE: "day"}
_TAKEN = """
    Any Callable DBT_LOCK DBT_MANIFESTS Iterator PIPELINE Path ROOT Sequence TASKS TIMEZONE Task
    Timeout ZoneInfo argparse at_most attempt contextmanager dataclass date datetime day dbt httpx
    json main os parse_dbt client plan response run run_dbt sentence signal subprocess sys
    threading time traceback
"""


@dataclass(frozen=True, slots=True)
class Function:
    """The function of a task that is not dbt's: one call.

    `key` is where the task is specified; `module` and `callee` are a Python task's.
    """

    name: str
    key: str
    template: str
    arguments: Code
    timeout: Code
    module: str = ""
    callee: str = ""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One dbt invocation, and the unique ids of the nodes it must run."""

    project: str
    args: Code
    nodes: Code


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the table of tasks."""

    task: ir.Task
    function: str | None
    invocation: Invocation | None
    upstream: Code | None
    delay: Code | None
    timeout: Code | None


@dataclass(frozen=True, slots=True)
class Script:
    """Exactly what `script.py.j2` prints."""

    root: Code
    timezone: str
    about: dict[str, object]
    projects: tuple[Project, ...]
    functions: tuple[Function, ...]
    entries: tuple[Entry, ...]
    shell: bool
    http: bool


class _Names:
    """Gives out Python names for a script, each of them once."""

    def __init__(self) -> None:
        self._taken = frozenset(_TAKEN.split())

    def new(self, wanted: str) -> str:
        name = variable(wanted, self._taken)
        self._taken |= {name}
        return name


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the script of a pipeline."""
    path = PurePosixPath("run", f"pg_{pipeline.name}.py")
    actions = [task.action for task in pipeline.tasks]
    used = {action.project.name: action.project for action in actions if isinstance(action, ir.Dbt)}
    names = _Names()
    constants = {name: names.new(name.upper()) for name in sorted(used)}
    functions = {
        task.name: _function(task, names.new(task.name))
        for task in pipeline.tasks
        if not isinstance(task.action, ir.Dbt)
    }
    script = Script(
        root=target.root(path),
        timezone=pipeline.timezone,
        about=_about(pipeline),
        projects=tuple(dbt_project(used[name], constants[name]) for name in constants),
        functions=tuple(functions.values()),
        entries=tuple(_entry(task, constants, functions.get(task.name)) for task in pipeline.tasks),
        shell=any(isinstance(action, ir.Shell) for action in actions),
        http=any(isinstance(action, ir.Http) for action in actions),
    )
    return (PlannedFile(path, "script.py.j2", script, pipeline.source),)


def plan_project(pipelines: tuple[ir.Pipeline, ...], target: Target) -> tuple[PlannedFile, ...]:
    """Plan the list of what the scripts need."""
    actions = {type(task.action) for pipeline in pipelines for task in pipeline.tasks}
    verified = {ir.Dbt: "dbt-core>=1.11,<1.12", ir.Http: "httpx>=0.28,<1"}
    needed = tuple(requirement for action, requirement in verified.items() if action in actions)
    path = PurePosixPath("requirements.txt")
    return (PlannedFile(path, "requirements.txt.j2", needed, "pipegen.yaml"),)


def _about(pipeline: ir.Pipeline) -> dict[str, object]:
    schedule = pipeline.schedule
    facts: dict[str, object] = {
        "pipeline": pipeline.name,
        "description": pipeline.description,
        "owner": pipeline.owner,
        "tags": pipeline.tags,
        "schedule": schedule.cron if schedule else None,
        "start": str(schedule.start) if schedule and schedule.start else None,
    }
    return {name: fact for name, fact in facts.items() if fact}


def _function(task: ir.Task, name: str) -> Function:
    key = f"{task.stage}s.{task.name}"
    timeout = seconds(task.timeout) if task.timeout else literal(None)
    match task.action:
        case ir.Python(module=module, function=function, args=args):
            named = {argument: expression(value, _RUN) for argument, value in args.items}
            callee = f"{module}.{function}"
            given = arguments((), named, beside=len(callee) + 6)
            return Function(name, key, "python.j2", given, timeout, module, callee)
        case ir.Shell() as action:
            return Function(name, key, "shell.j2", shell(action, task.timeout, _RUN), timeout)
        case ir.Http() as action:
            given = http(action, _RUN, beside=35)
            return Function(name, key, "http.j2", given, timeout)
    raise AssertionError(task.action)


def _entry(task: ir.Task, constants: dict[str, str], function: Function | None) -> Entry:
    invocation = None
    if isinstance(task.action, ir.Dbt):
        invocation = Invocation(
            project=constants[task.action.project.name],
            args=_strings(dbt_arguments(task.action), beside=13),
            nodes=_strings([node.unique_id for node in task.action.nodes], beside=19),
        )
    return Entry(
        task=task,
        function=function.name if function else None,
        invocation=invocation,
        upstream=_strings(task.upstream, beside=18) if task.upstream else None,
        delay=seconds(task.retries.delay) if task.retries.delay else None,
        timeout=seconds(task.timeout) if task.timeout else None,
    )


def _strings(texts: Sequence[str], beside: int) -> Code:
    return items([literal(text) for text in texts], beside)


_FACT = native("an entry of the script's `PIPELINE`, printed by `--list`")
_FIELD = native("a field of the task's entry in the script, printed by `--list`")

BACKEND = Backend(
    name="headless",
    title="headless dbt",
    capabilities={
        **NOT_YET,
        Feature.CRON: degraded(
            "the cron expression is an entry of the script's `PIPELINE`",
            "the script does not start itself: call it at these times, from cron or CI",
        ),
        Feature.TIMEZONE: emulated("`run.date` is today in this timezone, unless `--date` says"),
        Feature.START: emulated("whoever calls the script starts doing so; `--list` prints it"),
        Feature.CATCHUP: degraded(
            "missed days can be run one by one with `--date`",
            "missed runs are not made up for: call the script with `--date`",
        ),
        Feature.RETRIES: emulated("a loop in the script, with a fixed delay"),
        Feature.TIMEOUT: emulated("an alarm signal; on Windows the call's own time limit"),
        Feature.TIMEOUT_IN_PROCESS: emulated(
            "an alarm signal interrupts Python and makes dbt cancel its queries (not on Windows; "
            "C code goes on until it returns to Python)"
        ),
        Feature.DBT_STEP: native("one `dbtRunner` invocation in the script's process"),
        Feature.DBT_MODEL: native("a `dbtRunner` invocation for each node; parsed once"),
        Feature.FORMAT: native("`strftime` of the day of the run"),
        Feature.DBT_TESTS_NONE: native("dbt leaves tests and unit tests out of what it builds"),
        Feature.PYTHON: native("a call in the script's process"),
        Feature.SHELL: native("`subprocess.run`, without a shell"),
        Feature.HTTP: native("a request by httpx"),
        Feature.PIPELINE_OWNER: _FACT,
        Feature.PIPELINE_TAGS: _FACT,
        Feature.PIPELINE_DESCRIPTION: _FACT,
        Feature.TASK_OWNER: _FIELD,
        Feature.TASK_TAGS: _FIELD,
        Feature.TASK_DESCRIPTION: _FIELD,
    },
    templates=resource("templates") / "headless",
    plan=plan,
    plan_project=plan_project,
)
