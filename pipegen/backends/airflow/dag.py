"""How a DAG file follows from a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from pipegen import ir
from pipegen.backends import params
from pipegen.backends.airflow import remote
from pipegen.backends.airflow.code import (
    Keywords,
    assets,
    beyond,
    common,
    imported,
    note,
    present,
    settings,
    take,
    variables,
    wait,
)
from pipegen.backends.airflow.dbt import (
    Constants,
    builds,
    is_alert,
    is_rooted,
    operator,
    reads_environ,
)
from pipegen.backends.airflow.execution import Execution
from pipegen.backends.airflow.params import Late, declared, filled, late
from pipegen.backends.airflow.views import Dag, Function, Group, Pairs, Task
from pipegen.backends.calls import (
    Given,
    arguments,
    fits,
    formats,
    http,
    items,
    leaves,
    seconds,
    shell,
)
from pipegen.backends.dbt import is_dbt
from pipegen.emit import Code, expression, literal

_RUN = Given("run_date")
_NAMES = """
    Any Asset CronTriggerTimetable DAG DbtCloudRunJobOperator InvocationMode PASSED Param Path
    ProfileConfig PurePosixPath ROOT RUN_DATE Secret TaskGroup cache_dir check_lock client context
    date httpx filled json os params pendulum response run_date subprocess task timedelta urlsplit
"""


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the tasks of a DAG have in common: names by task and dbt project, and settings."""

    pipeline: ir.Pipeline
    variables: Mapping[str, str]
    functions: Mapping[str, str]
    dbt: Constants
    connections: remote.Connections
    late: Late
    shared: Keywords


def dag(pipeline: ir.Pipeline, root: Code, execution: Execution) -> Dag:
    """Return the DAG file of a pipeline; `root` is the expression for the project's root, and
    `execution` says where dbt runs.
    """
    tasks, schedule = pipeline.tasks, pipeline.schedule
    start = schedule.start if schedule else None
    first = start or date(2000, 1, 1)
    scope = _scope(pipeline, execution)
    groups = tuple(_groups(scope))
    made = [task for group in groups for task in group.tasks]
    functions = tuple(task.function for task in made if task.function)
    actions = [task.action for task in tasks]
    used = {action.project.name for action in actions if is_dbt(action)}
    rooted = any(is_rooted(action, execution) for action in actions)
    environ = any(_uses_environment(action) or reads_environ(action) for action in actions)
    return Dag(
        pipeline=pipeline,
        start=Code(f"{first.year}, {first.month}, {first.day}"),
        catchup=bool(schedule and schedule.catchup and start),
        tags=items([literal(tag) for tag in pipeline.tags], beside=10) if pipeline.tags else None,
        default_args=_pairs(scope.shared),
        root=execution.root(root) if rooted else None,
        folders=tuple(scope.dbt.folders()),
        projects=tuple(scope.dbt.projects()),
        options=tuple(scope.dbt.options()),
        passed=execution.passed if used else None,
        alert=execution.alert if any(map(is_alert, actions)) else None,
        environ=params.reads_environment(pipeline)
        or any(reads_environ(a) or remote.reads_environ(a) for a in actions)
        or (bool(used) and execution.fills),
        connections=tuple(scope.connections.values()),
        functions=functions,
        groups=groups,
        dependencies=tuple(
            wait([scope.variables[name] for name in task.upstream], scope.variables[task.name])
            for task in tasks
            if task.upstream
        ),
        sdk=_sdk(pipeline),
        cosmos=tuple(execution.imports(_operators(made), used)) if used else (),
        path=execution.path if used else None,
        secrets=execution.secrets and bool(used),
        checked=bool(used) and not execution.in_container,
        env=params.reads_environment(pipeline)
        or environ
        or (bool(used) and execution.reads_environ(used)),
        shell=any(isinstance(action, ir.Shell) for action in actions),
        http=any(isinstance(action, ir.Http) for action in actions),
        run_date=any(function.run_date for function in functions),
        datetime=_datetime(pipeline),
        params=tuple((param.name, declared(param)) for param in pipeline.params),
        filled=filled(scope.late) if any(function.fills for function in functions) else None,
    )


def _datetime(pipeline: ir.Pipeline) -> Code | None:
    tasks = pipeline.tasks
    used = {
        "date": params.is_formatted(pipeline)
        or any(formats(task.action) for task in tasks if _is_function(task)),
        "timedelta": any(task.timeout or task.retries.count for task in tasks),
    }
    names = [name for name, needed in used.items() if needed]
    return imported(names, beside=21) if names else None


def _scope(pipeline: ir.Pipeline, execution: Execution) -> _Scope:
    taken = set(_NAMES.split())
    tasks = pipeline.tasks
    found = late(pipeline)
    dbt = Constants(tasks, taken, found, execution)
    held = variables(tasks, taken)
    return _Scope(
        pipeline=pipeline,
        variables=held,
        functions={
            task.name: take(f"run_{held[task.name]}", taken) for task in tasks if _is_function(task)
        },
        dbt=dbt,
        connections=remote.connections(tasks, taken),
        late=found,
        shared=common([settings(task, pipeline) for task in tasks]),
    )


def _groups(scope: _Scope) -> Iterator[Group]:
    """Yield each transform's group where its first task stands, and each other task alone."""
    members: dict[str, list[ir.Task]] = {}
    for task in scope.pipeline.tasks:
        members.setdefault(task.group or task.name, []).append(task)
    lines_before = 0
    for tasks in members.values():
        group = _group(tasks, scope)
        lines = 1 if group.tasks[0].call else 2
        yield replace(group, apart=lines_before + lines > 2)
        lines_before = lines


def _group(members: list[ir.Task], scope: _Scope) -> Group:
    name = members[0].group
    own = [settings(task, scope.pipeline) for task in members]
    defaults = common(own) if name else {}
    notes = {note(task) for task in members} if name else set()
    tooltip = notes.pop() if len(notes) == 1 else ""
    known = {**scope.shared, **defaults}
    return Group(
        name=name,
        tooltip=tooltip,
        default_args=_pairs(beyond(scope.shared, defaults)),
        tasks=tuple(_task(task, scope, known, tooltip) for task in members),
    )


def _task(task: ir.Task, scope: _Scope, known: Keywords, tooltip: str) -> Task:
    text = note(task)
    keywords = {
        **beyond(known, settings(task, scope.pipeline)),
        **present(doc_md=literal(text) if text != tooltip else None),
    }
    variable = scope.variables[task.name]
    if is_dbt(task.action):
        return Task(variable, operator=operator(task, task.action, scope.dbt, keywords))
    if isinstance(task.action, ir.RemoteJob):
        found, name = scope.connections, scope.pipeline.name
        made = remote.operator(task, task.action, name, found, scope.late, keywords)
        return Task(variable, operator=made)
    function = _function(task, task.action, scope, keywords)
    return Task(variable, call=_call(variable, function), function=function)


def _pairs(keywords: Keywords) -> Pairs:
    return tuple(keywords.items())


def _sdk(pipeline: ir.Pipeline) -> Code:
    tasks = pipeline.tasks
    used = {
        "DAG": True,
        "Asset": any(task.loads or task.reads or builds(task) for task in tasks),
        "CronTriggerTimetable": pipeline.schedule,
        "Param": pipeline.params,
        "TaskGroup": any(task.group for task in tasks),
        "task": any(map(_is_function, tasks)),
    }
    return imported([name for name, needed in used.items() if needed], beside=24)


def _is_filled(action: ir.Action, late: Late) -> bool:
    """Whether a function is told a parameter whose default is known when a run starts."""
    return any(isinstance(leaf, ir.ParamValue) and leaf.name in late for leaf in leaves(action))


def _is_function(task: ir.Task) -> bool:
    return not (is_dbt(task.action) or isinstance(task.action, ir.RemoteJob))


def _uses_environment(action: ir.Action) -> bool:
    if isinstance(action, ir.Shell) and action.env.items:
        return True
    return any(isinstance(leaf, ir.Env) for leaf in leaves(action))


def _operators(tasks: Iterable[Task]) -> set[str]:
    """Return the operators that tasks use which run dbt."""
    return {task.operator.name for task in tasks if task.operator and task.operator.project}


def _call(name: str, function: Function) -> Code:
    """Return the call that makes a task, as black breaks it beside the variable `name`."""
    argument = "RUN_DATE" if function.run_date else ""
    line = f"{function.name}({argument})"
    if fits(line, beside=len(name) + 7):
        return Code(line)
    if argument:
        return Code(f"{function.name}(\n    {argument},\n)")
    return Code(f"(\n    {line}\n)")


def _function(task: ir.Task, action: ir.Action, scope: _Scope, keywords: Keywords) -> Function:
    module, callee = "", ""
    match action:
        case ir.Python(module=module, function=called, args=args):
            callee = f"{module}.{called}"
            given = {argument: expression(value, _RUN) for argument, value in args.items}
            template, call = "python.j2", arguments((), given, beside=len(callee) + 6)
        case ir.Shell():
            template, call = "shell.j2", shell(action, None, _RUN)
        case ir.Http():
            template, call = "http.j2", http(action, _RUN, beside=35)
        case _:
            raise AssertionError(action)
    decorator = present(
        task_id=literal(task.name),
        **keywords,
        inlets=assets("inlets", task.reads, 4),
        outlets=assets("outlets", task.loads, 4),
    )
    return Function(
        key=task.key,
        name=scope.functions[task.name],
        decorator=arguments((), decorator, beside=7),
        run_date=_is_filled(action, scope.late)
        or any(isinstance(leaf, ir.RunValue) for leaf in leaves(action)),
        params=params.uses(action),
        fills=_is_filled(action, scope.late),
        template=template,
        arguments=call,
        timeout=seconds(task.timeout) if task.timeout else literal(None),
        module=module,
        callee=callee,
    )
