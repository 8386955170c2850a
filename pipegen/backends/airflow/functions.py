"""The TaskFlow functions of a DAG file."""

from __future__ import annotations

from pipegen import ir
from pipegen.backends import params
from pipegen.backends.airflow.code import Keywords, assets, present
from pipegen.backends.airflow.params import Late
from pipegen.backends.airflow.views import Function
from pipegen.backends.calls import (
    Given,
    arguments,
    fits,
    http,
    items,
    leaves,
    seconds,
    shell,
)
from pipegen.emit import Code, expression, literal

_RUN = Given("run_date")
_ANY_2XX = ("2xx",)
_FINAL = {ir.IfFalse.FAIL: "AirflowFailException", ir.IfFalse.SKIP: "AirflowSkipException"}
"""What a check raises that says no: Airflow does not try it again."""


def function(
    task: ir.Task, action: ir.Action, name: str, late: Late, keywords: Keywords
) -> Function:
    """Return the function `name` of a task; `keywords` are arguments of its decorator."""
    module, callee = "", ""
    match action:
        case ir.Python(module=module, function=called, args=args):
            callee = f"{module}.{called}"
            given = {argument: expression(value, _RUN) for argument, value in args.items}
            beside = len(callee) + (14 if task.if_false else 6)
            template, call = "python.j2", arguments((), given, beside)
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
        name=name,
        decorator=arguments((), decorator, beside=7),
        run_date=is_filled(action, late)
        or any(isinstance(leaf, ir.RunValue) for leaf in leaves(action)),
        params=params.uses(action),
        fills=is_filled(action, late),
        template=template,
        arguments=call,
        timeout=seconds(task.timeout) if task.timeout else literal(None),
        no=_no(task, action),
        expected=_expected(action),
        module=module,
        callee=callee,
    )


def call(name: str, made: Function) -> Code:
    """Return the call that makes a task, as black breaks it beside the variable `name`."""
    argument = "RUN_DATE" if made.run_date else ""
    line = f"{made.name}({argument})"
    if fits(line, beside=len(name) + 7):
        return Code(line)
    if argument:
        return Code(f"{made.name}(\n    {argument},\n)")
    return Code(f"(\n    {line}\n)")


def is_filled(action: ir.Action, late: Late) -> bool:
    """Whether a function is told a parameter whose default is known when a run starts."""
    return any(isinstance(leaf, ir.ParamValue) and leaf.name in late for leaf in leaves(action))


def _no(task: ir.Task, action: ir.Action) -> Code | None:
    """Return the statement for a no, if there is a question."""
    is_http = isinstance(action, ir.Http)
    if task.if_false is ir.IfFalse.WARN:
        told = '"HTTP status %s", response.status_code' if is_http else '"the check says no"'
        return Code(f"log.warning({told})")
    told = 'f"HTTP status {response.status_code}"' if is_http else '"the check says no"'
    if task.if_false:
        return Code(f"raise {_FINAL[task.if_false]}({told})")
    return Code(f"raise RuntimeError({told})") if _expected(action) else None


def _expected(action: ir.Action) -> Code | None:
    """Return the statuses that are no failure, if these are not just any 2xx."""
    if not isinstance(action, ir.Http) or action.expect == _ANY_2XX:
        return None
    return items([literal(status) for status in action.expect], beside=15)
