"""Headless: one script per pipeline that runs its tasks, dbt included, in its own process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends import Backend, Target, dbt, params, remote
from pipegen.backends.calls import Given, arguments, http, items, seconds, shell
from pipegen.capabilities import NOT_YET, Feature, degraded, emulated, native
from pipegen.emit import Code, braces, expression, literal
from pipegen.files import PlannedFile
from pipegen.naming import take
from pipegen.resources import resource

_RUN = Given("day", params="PARAMS")
_TAKEN = """
    Any Callable DBT_LOCK DBT_MANIFESTS Iterable Iterator Mapping PARAMS PIPELINE Path ROOT Sequence
    TASKS TIMEZONE Task Timeout WITH_PACKAGES ZoneInfo added argparse at_most attempt contextmanager
    dataclass date datetime day httpx invoke_dbt json main os parse_dbt client plan response run
    run_dbt sentence signal stale_tables subprocess sys threading time traceback DBT_CLOUD_POLL
    DBT_CLOUD_TRIED resume run_dbt_cloud suppress defaults given parsed
"""


@dataclass(frozen=True, slots=True)
class Function:
    """The function of a task that is not dbt's: one call.

    `key` is where the task is specified; `module` and `callee` are a Python task's. `resumes`
    says that a retry of a job goes on where it failed.
    """

    name: str
    key: str
    template: str
    arguments: Code
    timeout: Code
    module: str = ""
    callee: str = ""
    task: str = ""
    resumes: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the table of tasks: its work is a function or an invocation of dbt."""

    task: ir.Task
    function: str | None
    invocation: Code | None
    upstream: Code | None
    delay: Code | None
    timeout: Code | None


@dataclass(frozen=True, slots=True)
class Script:
    """Exactly what `script.py.j2` prints."""

    root: Code
    timezone: str
    about: dict[str, object]
    defaults: Code
    params: bool
    projects: tuple[dbt.Project, ...]
    dbt: dbt.Helpers | None
    abc: Code
    functions: tuple[Function, ...]
    entries: tuple[Entry, ...]
    shell: bool
    http: bool
    dbt_cloud: bool

    @property
    def httpx(self) -> bool:
        """Whether it sends requests."""
        return self.http or self.dbt_cloud

    @property
    def resumes(self) -> bool:
        """Whether a retry of a job in dbt Cloud goes on where it failed."""
        return any(function.resumes for function in self.functions)


def plan(pipeline: ir.Pipeline, target: Target) -> tuple[PlannedFile, ...]:
    """Plan the script of a pipeline."""
    path = PurePosixPath("run", f"pg_{pipeline.name}.py")
    actions = [task.action for task in pipeline.tasks]
    taken = set(_TAKEN.split())
    constants = dbt.Constants(pipeline.tasks, taken)
    helpers = dbt.helpers(pipeline.tasks, constants)
    mapping = "Mapping, " if helpers and helpers.env else ""
    functions = {
        task.name: _function(task, take(task.name, taken), pipeline.name)
        for task in pipeline.tasks
        if not dbt.is_dbt(task.action)
    }
    script = Script(
        root=target.root(path),
        timezone=pipeline.timezone,
        about=_about(pipeline),
        defaults=_defaults(pipeline),
        params=bool(pipeline.params),
        projects=constants.all(),
        dbt=helpers,
        abc=Code(f"Callable, Iterable, Iterator, {mapping}Sequence"),
        functions=tuple(functions.values()),
        entries=tuple(_entry(task, constants, functions.get(task.name)) for task in pipeline.tasks),
        shell=any(isinstance(action, ir.Shell) for action in actions),
        http=any(isinstance(action, ir.Http) for action in actions),
        dbt_cloud=any(map(remote.is_dbt_cloud, actions)),
    )
    return (PlannedFile(path, "script.py.j2", script, pipeline.source),)


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


def _about(pipeline: ir.Pipeline) -> dict[str, object]:
    schedule = pipeline.schedule
    facts: dict[str, object] = {
        "pipeline": pipeline.name,
        "description": pipeline.description,
        "owner": pipeline.owner,
        "tags": pipeline.tags,
        "schedule": schedule.cron if schedule else None,
        "start": str(schedule.start) if schedule and schedule.start else None,
        "params": {param.name: _declared(param) for param in pipeline.params},
    }
    return {name: fact for name, fact in facts.items() if fact}


def _declared(param: ir.Param) -> dict[str, str]:
    return {"type": param.type, **({"description": param.description} if param.description else {})}


def _defaults(pipeline: ir.Pipeline) -> Code:
    return braces(
        {
            param.name: expression(param.default, _RUN)
            if params.is_late(param)
            else params.default(param)
            for param in pipeline.params
            if not params.is_required(param)
        }
    )


def _function(task: ir.Task, name: str, pipeline: str) -> Function:
    timeout = seconds(task.timeout) if task.timeout else literal(None)
    match task.action:
        case ir.Python(module=module, function=function, args=args):
            named = {argument: expression(value, _RUN) for argument, value in args.items}
            callee = f"{module}.{function}"
            given = arguments((), named, beside=len(callee) + 6)
            return Function(name, task.key, "python.j2", given, timeout, module, callee)
        case ir.Shell() as action:
            return Function(name, task.key, "shell.j2", shell(action, task.timeout, _RUN), timeout)
        case ir.Http() as action:
            given = http(action, _RUN, beside=35)
            return Function(name, task.key, "http.j2", given, timeout)
        case ir.RemoteJob() as action:
            key, resumes = task.key, remote.resumes(task)
            named = remote.run_dbt_cloud(task, action, _RUN, remote.cause(pipeline, task))
            named |= {"resume": Code("resume")} if resumes else {}
            given = arguments((), named, beside=19)
            template = "dbt_cloud.j2"
            return Function(name, key, template, given, timeout, task=task.name, resumes=resumes)
    raise AssertionError(task.action)


def _entry(task: ir.Task, constants: dbt.Constants, function: Function | None) -> Entry:
    return Entry(
        task=task,
        function=function.name if function else None,
        invocation=_invocation(task.action, constants) if dbt.is_dbt(task.action) else None,
        upstream=_strings(task.upstream, beside=18) if task.upstream else None,
        delay=seconds(task.retries.delay) if task.retries.delay else None,
        timeout=seconds(task.timeout) if task.timeout else None,
    )


def _invocation(action: dbt.Action, constants: dbt.Constants) -> Code:
    """Return the call that runs dbt for a task."""
    given = [
        dbt.project(action, constants.of(action), _RUN),
        items(dbt.arguments(action, _RUN), beside=13),
    ]
    if isinstance(action, ir.Freshness):
        given.append(Code(f"tables={_strings(action.tables, beside=20)}"))
        given.append(Code(f"block={action.on_stale is ir.OnStale.BLOCK}"))
        return Code(f"stale_tables({arguments(given, {}, beside=200)})")
    if action.expected:
        given.append(Code(f"nodes={_strings(action.expected, beside=19)}"))
    if env := dbt.environment(action, _RUN):
        given.append(Code(f"env={env}"))
    return Code(f"run_dbt({arguments(given, {}, beside=200)})")


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
        Feature.PARAMS: emulated("`--param name=value`, read by its type; `--list` prints them"),
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
        Feature.DBT_TESTS_AFTER_ALL: native("one `dbt test`, for which all readers wait"),
        Feature.DBT_LINEAGE: native("one `dbtRunner` invocation for the nodes of a group"),
        Feature.DBT_COMMAND: native("a `dbtRunner` invocation of that command"),
        Feature.DBT_DOCS: native("a `dbtRunner` invocation of `dbt docs generate`"),
        Feature.DBT_SELECTOR: native("`--selector`"),
        Feature.DBT_NO_TARGET: native("no `--target`: dbt takes the one of the profile"),
        Feature.DBT_TARGETS: native("dbt's options for each target"),
        Feature.DBT_VARS: native("`--vars`, as one JSON argument"),
        Feature.DBT_ENV: emulated("added to the script's environment while dbt runs"),
        Feature.DBT_FULL_REFRESH: native("`--full-refresh`"),
        Feature.DBT_THREADS: native("`--threads`"),
        Feature.DBT_STORE_FAILURES: native("`--store-failures`"),
        Feature.DBT_DEFER: native("`--defer --state`"),
        Feature.DBT_INSTALL_DEPS: emulated("`dbt deps` before a run's first use of the project"),
        Feature.FRESHNESS_BLOCK: native("a task that fails when a table is stale"),
        Feature.FRESHNESS_ALERT: native("a task that prints which tables are stale"),
        Feature.PYTHON: native("a call in the script's process"),
        Feature.SHELL: native("`subprocess.run`, without a shell"),
        Feature.HTTP: native("a request by httpx"),
        Feature.DBT_CLOUD: emulated(
            "a run of the job, started, watched and, if the task ends before, cancelled by httpx; "
            "a retry goes on where the run failed, unless the task has `steps_override`"
        ),
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
