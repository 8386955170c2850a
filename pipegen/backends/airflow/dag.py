"""How a DAG file follows from a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from pipegen import ir
from pipegen.backends import params
from pipegen.backends.airflow import control, remote
from pipegen.backends.airflow.code import (
    Keywords,
    beyond,
    common,
    imported,
    note,
    present,
    settings,
    take,
    variables,
)
from pipegen.backends.airflow.control import Governed
from pipegen.backends.airflow.dbt import (
    Constants,
    builds,
    is_alert,
    is_rooted,
    operator,
    reads_environ,
)
from pipegen.backends.airflow.execution import Execution
from pipegen.backends.airflow.expand import group
from pipegen.backends.airflow.functions import call, function
from pipegen.backends.airflow.params import Late, declared, filled, late
from pipegen.backends.airflow.views import Control, Dag, Group, Pairs, Task
from pipegen.backends.calls import formats, items, leaves
from pipegen.backends.dbt import is_dbt, is_expanded
from pipegen.emit import Code, literal

_NAMES = """
    Any Asset CronTriggerTimetable DAG DbtCloudRunJobOperator DbtTaskGroup ExecutionConfig
    ExecutionMode InvocationMode Iterable LoadMode PASSED Param Path ProfileConfig ProjectConfig
    PurePosixPath ROOT RUN_DATE RenderConfig Secret TaskGroup TestBehavior cache_dir check_lock
    client context date dbt_task_group httpx filled json os params pendulum response run_date
    subprocess task timedelta urlsplit
"""
_RUNS_AT_ONCE = 16
"""How many runs Airflow lets run at once where it is not told: it knows no "all"."""


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
    governed: Governed


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
            code for task in tasks for code in scope.governed.waits(task, scope.variables)
        ),
        sdk=_sdk(pipeline, scope.governed.control),
        cosmos=tuple(execution.imports(_operators(made), used)) if used else (),
        path=execution.path if used else None,
        secrets=execution.secrets and bool(used),
        checked=any(is_dbt(a) and not is_expanded(a) for a in actions)
        and not execution.in_container,
        expands=any(map(is_expanded, actions)),
        packaged=execution.kind != "local",
        env=params.reads_environment(pipeline)
        or environ
        or (bool(used) and execution.reads_environ(used)),
        shell=any(isinstance(action, ir.Shell) for action in actions),
        run_date=any(function.run_date for function in functions),
        datetime=_datetime(pipeline),
        params=tuple((param.name, declared(param)) for param in pipeline.params),
        filled=filled(scope.late) if any(function.fills for function in functions) else None,
        control=scope.governed.control,
        active_runs=literal(_active_runs(schedule)),
        errors=_errors(tasks, scope.governed.control),
        logs=any(task.if_false is ir.IfFalse.WARN for task in tasks),
    )


def _active_runs(schedule: ir.Schedule | None) -> int:
    allows = schedule is not None and schedule.overlap is ir.Overlap.ALLOW
    return _RUNS_AT_ONCE if allows else 1


def _datetime(pipeline: ir.Pipeline) -> Code | None:
    tasks = pipeline.tasks
    used = {
        "date": params.is_formatted(pipeline)
        or any(formats(task.action) for task in tasks if _is_function(task)),
        "timedelta": pipeline.timeout or any(t.timeout or t.retries.count for t in tasks),
    }
    names = [name for name, needed in used.items() if needed]
    return imported(names, beside=21) if names else None


def _scope(pipeline: ir.Pipeline, execution: Execution) -> _Scope:
    tasks = pipeline.tasks
    taken = {*_NAMES.split(), *control.names(tasks)}
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
        governed=control.governed(pipeline, held, taken),
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
    own = [_settings(task, scope) for task in members]
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


def _settings(task: ir.Task, scope: _Scope) -> Keywords:
    return {**settings(task, scope.pipeline), **control.keywords(task, scope.governed)}


def _task(task: ir.Task, scope: _Scope, known: Keywords, tooltip: str) -> Task:
    text = note(task)
    keywords = {
        **beyond(known, _settings(task, scope)),
        **present(doc_md=literal(text) if text != tooltip else None),
    }
    variable = scope.variables[task.name]
    if isinstance(task.action, ir.Dbt) and task.action.is_expanded:
        own = beyond(known, _settings(task, scope))
        expanded = group(task, task.action, scope.dbt.of(task.action), own, text)
        return Task(variable, operator=expanded)
    if is_dbt(task.action):
        return Task(variable, operator=operator(task, task.action, scope.dbt, keywords))
    if isinstance(task.action, ir.RemoteJob):
        found, name = scope.connections, scope.pipeline.name
        job = remote.operator(task, task.action, name, found, scope.late, keywords)
        return Task(variable, operator=job)
    made = function(task, task.action, scope.functions[task.name], scope.late, keywords)
    return Task(variable, call=call(variable, made), function=made)


def _pairs(keywords: Keywords) -> Pairs:
    return tuple(keywords.items())


def _sdk(pipeline: ir.Pipeline, control: Control) -> Code:
    tasks = pipeline.tasks
    used = {
        "DAG": True,
        "Asset": any(task.loads or task.reads or _has_outlets(task) for task in tasks),
        "CronTriggerTimetable": pipeline.schedule,
        "Param": pipeline.params,
        "RetryDecision": control.backoff,
        "RetryPolicy": control.backoff,
        "TaskGroup": any(task.group for task in tasks),
        "TriggerRule": control.triggers,
        "task": control.decides or any(map(_is_function, tasks)),
    }
    return imported([name for name, needed in used.items() if needed], beside=24)


def _errors(tasks: Iterable[ir.Task], control: Control) -> Code | None:
    """Return the names of what the file raises of Airflow's own errors."""
    answers = {task.if_false for task in tasks}
    used = {
        "AirflowFailException": control.watch or ir.IfFalse.FAIL in answers,
        "AirflowSkipException": control.none_skipped
        or control.any_skipped
        or ir.IfFalse.SKIP in answers,
    }
    names = [name for name, needed in used.items() if needed]
    return imported(names, beside=35) if names else None


def _has_outlets(task: ir.Task) -> bool:
    return bool(builds(task)) and not is_expanded(task.action)


def _is_function(task: ir.Task) -> bool:
    return not (is_dbt(task.action) or isinstance(task.action, ir.RemoteJob))


def _uses_environment(action: ir.Action) -> bool:
    if isinstance(action, ir.Shell) and action.env.items:
        return True
    return any(isinstance(leaf, ir.Env) for leaf in leaves(action))


def _operators(tasks: Iterable[Task]) -> set[str]:
    """Return the operators that tasks use which run dbt."""
    return {task.operator.name for task in tasks if task.operator and task.operator.project}
