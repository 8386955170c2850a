"""What the script of a pipeline prints."""

from __future__ import annotations

from dataclasses import dataclass

from pipegen import ir
from pipegen.backends import dbt, params, remote
from pipegen.backends.calls import arguments, http, items, seconds, shell
from pipegen.backends.headless.entries import RUN, Entry, Settings, entry, most
from pipegen.emit import Code, braces, expression, literal
from pipegen.naming import take

_PARALLEL = 8
"""How many tasks run at once in a pipeline that does not say."""
_SUCCESS = ("2xx",)
_TAKEN = """
    Any Attempt Callable Connection DBT_CLOUD_POLL DBT_CLOUD_TRIED DBT_MANIFESTS FORK ForkProcess
    GRACE Generator Iterator MAX_PARALLEL Mapping PARAMS PIPELINE POOLS Path ROOT Run Sequence
    TASKS TIMEOUT TIMEZONE Task TextIOWrapper WITH_PACKAGES ZoneInfo added argparse arguments
    begin client closing connection contextmanager dataclass date datetime day dbt_manifest
    decided defaults fcntl get_context given httpx import_module invoke_dbt json logged main math
    os parse_dbt parsed plan response resume run_dbt run_dbt_cloud sentence signal signalled
    stale_tables subprocess suppress sys time traceback wanted work
"""


@dataclass(frozen=True, slots=True)
class Function:
    """The function of a task that is not dbt's: one call.

    `key` is where the task is specified; `module` and `callee` are a Python task's. `asks` is
    what a check returns, `unexpected` a request's failure that is not every other status's.
    `resumes` says that a retry of a job goes on where it failed.
    """

    name: str
    key: str
    template: str
    arguments: Code
    timeout: Code
    module: str = ""
    callee: str = ""
    task: str = ""
    asks: Code | None = None
    unexpected: Code | None = None
    resumes: bool = False


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
    functions: tuple[Function, ...]
    usual: Settings
    entries: tuple[Entry, ...]
    shell: bool
    http: bool
    dbt_cloud: bool
    timeout: Code | None
    max_parallel: int
    pools: dict[str, int]
    overlap: ir.Overlap | None

    @property
    def httpx(self) -> bool:
        """Whether it sends requests."""
        return self.http or self.dbt_cloud

    @property
    def adds(self) -> bool:
        """Whether it adds to the environment of dbt."""
        return self.dbt is not None and self.dbt.env

    @property
    def resumes(self) -> bool:
        """Whether a retry of a job in dbt Cloud goes on where it failed."""
        return any(function.resumes for function in self.functions)

    @property
    def run_if(self) -> bool:
        """Whether a task runs though not all before it succeeded."""
        return any(entry.run_if for entry in self.entries)

    @property
    def checks(self) -> bool:
        """Whether a task can say no."""
        return any(entry.if_false for entry in self.entries)

    @property
    def answers(self) -> bool:
        """Whether what a task returns matters."""
        return self.dbt is not None or self.checks

    @property
    def allow_failure(self) -> bool:
        """Whether a task may fail."""
        return any(entry.task.allow_failure for entry in self.entries)

    @property
    def backoff(self) -> bool:
        """Whether a task waits longer from try to try."""
        return any(entry.delays for entry in self.entries)

    @property
    def skips(self) -> bool:
        """Whether a scheduled run is skipped while another goes on."""
        return self.overlap is ir.Overlap.SKIP

    @property
    def queues(self) -> bool:
        """Whether a scheduled run waits while another goes on."""
        return self.overlap is ir.Overlap.QUEUE

    @property
    def locks(self) -> bool:
        """Whether a scheduled run looks for another."""
        return self.skips or self.queues


def script(pipeline: ir.Pipeline, root: Code) -> Script:
    """Return the view of a pipeline's script; `root` is the expression for the project's root."""
    actions = [task.action for task in pipeline.tasks]
    taken = set(_TAKEN.split())
    constants = dbt.Constants(pipeline.tasks, taken)
    functions = {
        task.name: _function(task, take(task.name, taken), pipeline.name)
        for task in pipeline.tasks
        if not dbt.is_dbt(task.action)
    }
    names = {name: function.name for name, function in functions.items()}
    usual = most(pipeline.tasks)
    pools = {task.pool.name: task.pool.slots for task in pipeline.tasks if task.pool}
    return Script(
        root=root,
        timezone=pipeline.timezone,
        about=_about(pipeline),
        defaults=_defaults(pipeline),
        params=bool(pipeline.params),
        projects=constants.all(),
        dbt=dbt.helpers(pipeline.tasks, constants),
        functions=tuple(functions.values()),
        usual=usual,
        entries=tuple(
            entry(task, constants, names.get(task.name), usual) for task in pipeline.tasks
        ),
        shell=any(isinstance(action, ir.Shell) for action in actions),
        http=any(isinstance(action, ir.Http) for action in actions),
        dbt_cloud=any(map(remote.is_dbt_cloud, actions)),
        timeout=seconds(pipeline.timeout) if pipeline.timeout else None,
        max_parallel=pipeline.max_parallel or _PARALLEL,
        pools=dict(sorted(pools.items())),
        overlap=overlap(pipeline),
    )


def overlap(pipeline: ir.Pipeline) -> ir.Overlap | None:
    """Return what a scheduled run does while another goes on; None if cron starts none."""
    schedule = pipeline.schedule
    return (schedule.overlap or ir.Overlap.SKIP) if schedule and schedule.cron else None


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
            param.name: expression(param.default, RUN)
            if params.is_late(param)
            else params.default(param)
            for param in pipeline.params
            if not params.is_required(param)
        }
    )


def _function(task: ir.Task, name: str, pipeline: str) -> Function:
    timeout = seconds(task.timeout) if task.timeout else literal(None)
    key, asks = task.key, task.if_false is not None
    match task.action:
        case ir.Python(module=module, function=function, args=args):
            named = {argument: expression(value, RUN) for argument, value in args.items}
            callee = f"{module}.{function}"
            beside = len(callee) + (13 if asks else 6)
            given = arguments((), named, beside)
            answer = Code(callee) if asks else None
            return Function(name, key, "python.j2", given, timeout, module, callee, asks=answer)
        case ir.Shell() as action:
            return Function(name, key, "shell.j2", shell(action, None, RUN), timeout)
        case ir.Http() as action:
            given = http(action, RUN, beside=35)
            return Function(
                *(name, key, "http.j2", given, timeout),
                asks=_status(action, "in") if asks else None,
                unexpected=_status(action, "not in") if action.expect != _SUCCESS else None,
            )
        case ir.RemoteJob() as action:
            resumes = remote.resumes(task)
            named = remote.run_dbt_cloud(task, action, RUN, remote.cause(pipeline, task))
            named.pop("timeout", None)  # who interrupts it counts, and the job is cancelled once
            named |= {"resume": Code("resume")} if resumes else {}
            given = arguments((), named, beside=19)
            template = "dbt_cloud.j2"
            return Function(name, key, template, given, timeout, task=task.name, resumes=resumes)
    raise AssertionError(task.action)


def _status(action: ir.Http, relation: str) -> Code:
    """Return the expression for whether a response has one of the statuses `expect` names."""
    if action.expect == _SUCCESS and relation == "in":
        return Code("response.is_success")
    known = [
        Code(f"*range({status[0]}00, {int(status[0]) + 1}00)")
        if status.endswith("xx")
        else literal(int(status))
        for status in action.expect
    ]
    return Code(f"response.status_code {relation} {items(known, beside=42)}")
