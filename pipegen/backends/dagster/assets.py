"""How each task becomes assets: one definition a task, which is one step of the job."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipegen import ir
from pipegen.backends import calls
from pipegen.backends.dagster.names import RESERVED, Names, listed, node_names
from pipegen.backends.dagster.views import Asset, Call, Labels, Node, Step
from pipegen.emit import Code, expression, indented, literal
from pipegen.naming import slug

_RUN = {ir.RunField.DATE: "run_date(context)"}
_EMAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,7}")
_TAG = re.compile(r"[A-Za-z0-9_.-]{1,63}")


def assets(tasks: Iterable[ir.Task], names: Names) -> Iterator[Asset]:
    """Yield the definition of each task's assets."""
    last: tuple[str, bool] = ("", False)
    for task in tasks:
        where = f"{task.stage}s.{task.group or task.name}"
        is_dbt = isinstance(task.action, ir.Dbt)
        place = None if where == last[0] else where
        yield _asset(task, names, place, is_apart=not (is_dbt and last[1]))
        last = where, is_dbt


def _asset(task: ir.Task, names: Names, where: str | None, is_apart: bool) -> Asset:
    keys = [listed(key, beside=13) for key in names.keys[task.name].values()]
    kind, template, body = _body(task, names)
    deps = list(names.deps(task))
    return Asset(
        where=where,
        is_apart=is_apart,
        name=names.variables[task.name],
        signature=_signature(task, names.variables[task.name], len(keys)),
        op=f"{names.pipeline}__{slug(task.name)}",
        is_table=bool(task.loads),
        key=keys[0],
        keys=tuple(keys) if task.loads and len(keys) > 1 else (),
        deps=calls.items(deps, beside=18) if deps else None,
        kind=kind,
        labels=labels(
            task,
            owner=task.owner,
            # each asset of a step keeps the description it has in dbt
            metadata={"description": task.description} if template == "step.j2" else {},
        ),
        retries=_retries(task.retries) if task.retries.count else None,
        template=template,
        body=body,
    )


def labels(
    node: ir.Pipeline | ir.Task, owner: str | None, metadata: Mapping[str, str | None]
) -> Labels:
    """Return what a job or an asset is found by; `metadata` has no place of its own."""
    valid = [tag for tag in node.tags if _TAG.fullmatch(tag)]
    refused = {"tags": ", ".join(tag for tag in node.tags if tag not in valid)}
    told = {name: text for name, text in {**metadata, **refused}.items() if text}
    return Labels(
        description=node.description,
        owners=listed((_owner(owner),), beside=20) if owner else None,
        tags=literal(dict.fromkeys(valid, "")) if valid else None,
        metadata=literal(told) if told else None,
    )


def is_dated(action: ir.Action) -> bool:
    """Whether an action uses the day of the run."""
    return any(isinstance(value, ir.RunValue) for value in calls.leaves(action))


def reads_environment(action: ir.Action) -> bool:
    """Whether the file needs `os` for an action."""
    adds = isinstance(action, ir.Shell) and bool(action.env.items)
    return adds or any(isinstance(value, ir.Env) for value in calls.leaves(action))


def _body(task: ir.Task, names: Names) -> tuple[str, str, Node | Step | Call]:
    """Return the kind of a task's assets, the template of its body, and what that prints."""
    match task.action:
        case ir.Dbt() as action if task.group is None:
            return "dbt", "step.j2", _step(action, names)
        case ir.Dbt() as action:
            return "dbt", "node.j2", _node(action, names)
        case ir.Python() as action:
            return "python", "python.j2", _python(action)
        case ir.Shell() as action:
            given = calls.shell(action, task.timeout, _RUN)
            return "shell", "shell.j2", Call("subprocess.run", given)
        case ir.Http() as action:
            timeout = calls.seconds(task.timeout) if task.timeout else literal(None)
            given = calls.http(action, _RUN, beside=200)
            given = Code(f"{given}    timeout={timeout},\n")
            return "http", "http.j2", Call("httpx.request", given)
    raise AssertionError(task.action)


def _step(action: ir.Dbt, names: Names) -> Step:
    return Step(
        project=names.resources[action.project.name],
        select=" ".join(action.select),
        exclude=" ".join(action.exclude),
        args=listed(
            (action.command, "--indirect-selection", action.indirect_selection.value), beside=9
        ),
        nodes=literal(node_names(action)),
    )


def _node(action: ir.Dbt, names: Names) -> Node:
    checks: dict[bool, dict[str, Code]] = {True: {}, False: {}}
    for test in action.tests:
        name = slug(test.name)
        is_taken = any(name in found for found in checks.values())
        checks[test.blocks][slug(test.unique_id) if is_taken else name] = literal(test.unique_id)
    return Node(
        project=names.constants[action.project.name],
        args=listed(calls.dbt_arguments(action), beside=5),
        unique_id=(action.nodes or action.tests)[0].unique_id,
        error=_mapping(checks[True]) if checks[True] else None,
        warn=_mapping(checks[False]) if checks[False] else None,
    )


def _python(action: ir.Python) -> Call:
    function = action.function
    called = f"{function}_" if function in RESERVED else function
    imported = function if called == function else f"{function} as {called}"
    line = f"from {action.module} import {imported}"
    if not calls.fits(line, beside=4):
        line = f"from {action.module} import (\n    {imported},\n)"
    named = {name: expression(value, _RUN) for name, value in action.args.items}
    return Call(called, calls.arguments((), named, beside=len(called) + 6), Code(line))


def _signature(task: ir.Task, name: str, tables: int) -> Code:
    """Return the parameters of a task's function and what it returns."""
    returns = "Iterator[dg.MaterializeResult]" if tables > 1 else "None"
    needed = tables > 1 or is_dated(task.action)
    if not needed and calls.fits(f"def {name}() -> None:", beside=0):
        return Code("() -> None")
    line = f"(context: dg.AssetExecutionContext) -> {returns}"
    if calls.fits(f"def {name}{line}:", beside=0):
        return Code(line)
    return Code(f"(\n    context: dg.AssetExecutionContext,\n) -> {returns}")


def _owner(owner: str) -> str:
    """Return an owner as Dagster takes one: an address, or a team."""
    is_valid = _EMAIL.fullmatch(owner) or (owner.startswith("team:") and owner != "team:")
    return owner if is_valid else f"team:{owner}"


def _retries(retries: ir.Retries) -> Code:
    delay = f", delay={calls.seconds(retries.delay)}" if retries.delay else ""
    return Code(f"dg.RetryPolicy(max_retries={retries.count}{delay})")


def _mapping(items: Mapping[str, Code]) -> Code:
    lines = (f"    {literal(key)}: {indented(value, 4)},\n" for key, value in items.items())
    return Code("{\n" + "".join(lines) + "}")
