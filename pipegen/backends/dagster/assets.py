"""How each task becomes assets: one definition a task, which is one step of the job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from pipegen import ir
from pipegen.backends import calls, dbt, remote
from pipegen.backends.dagster import control
from pipegen.backends.dagster.labels import labels
from pipegen.backends.dagster.names import RESERVED, Names, is_step, listed, tables
from pipegen.backends.dagster.views import (
    Asset,
    Call,
    Freshness,
    Invocation,
    Labels,
    Node,
    Nodes,
    Step,
)
from pipegen.backends.params import uses
from pipegen.emit import Code, braces, expression, literal
from pipegen.naming import slug

RUN = calls.Given("run_date(context)", params="params(context)")
"""The expressions for what a step knows of its run."""
_FUNCTION = calls.Given("run_date(context)", params="told")
_NODES = ("node.j2", "nodes.j2")
"""What is printed with helpers that have a default for what most tasks have."""


def assets(tasks: Iterable[ir.Task], names: Names) -> Iterator[Asset]:
    """Yield the definition of each task's assets."""
    last: tuple[str, bool] = ("", False)
    for task in tasks:
        where = task.key
        is_dbt = dbt.is_dbt(task.action)
        place = None if where == last[0] else where
        yield _asset(task, names, place, is_apart=not (is_dbt and last[1]))
        last = where, is_dbt


def _asset(task: ir.Task, names: Names, where: str | None, is_apart: bool) -> Asset:
    keys = [listed(key, beside=13) for key in names.keys.get(task.name, {}).values()]
    rule = names.control.rules.get(task.name)
    kind, template, body = _body(task, names)
    deps = list(names.deps(task))
    has_specs = bool(task.loads) or rule is not None
    shares = names.shared.owns(task) and (has_specs or template in _NODES)
    return Asset(
        where=where,
        is_apart=is_apart,
        name=names.variables[task.name],
        signature=_signature(task, names.variables[task.name], len(keys), rule),
        op=f"{names.pipeline}__{slug(task.name)}",
        is_table=bool(task.loads),
        params=uses(task.action),
        key=keys[0] if keys else None,
        keys=tuple(keys) if task.loads and len(keys) > 1 else (),
        spec=_spec(task, names, keys, kind) if has_specs else None,
        deps=calls.items(deps, beside=18) if deps else None,
        kind=kind,
        shares=shares,
        labels=_labels(task, names, template, shares=shares),
        retries=_retries(task, names, template),
        pool=task.pool.name if task.pool else None,
        rule=rule,
        template=template,
        body=body,
    )


def _spec(task: ir.Task, names: Names, keys: Sequence[Code], kind: str) -> Code | None:
    """Return the only asset of a task, if nothing has to be said of it but what fits a line."""
    told = labels(task, owner=None, metadata={})
    if len(keys) != 1 or task.upstream or told.texts or not names.shared.owns(task):
        return None
    line = f"dg.AssetSpec({keys[0]}, kinds={{{literal(kind)}}}, **LABELS)"
    return Code(line) if calls.fits(line, beside=13) else None


def _labels(task: ir.Task, names: Names, template: str, *, shares: bool) -> Labels:
    """Return what an asset is found by, but for an owner it has anyway."""
    if template == "step.j2":  # each of its assets keeps the description it has in dbt
        return labels(task, task.owner, metadata={"description": task.description})
    told = labels(task, task.owner, metadata={})
    if shares:
        return replace(told, owners=None)
    if template in _NODES and names.shared.owner and not task.owner:
        return replace(told, owners=literal([]))
    return told


def _retries(task: ir.Task, names: Names, template: str) -> Code | None:
    """Return the policy of a task's retries; what runs a dbt node has the usual one anyway."""
    own = names.shared.policy(task)
    if template in _NODES and names.shared.retries:
        return None if own == "RETRIES" else own or literal(None)
    return own


def is_dated(action: ir.Action) -> bool:
    """Whether an action uses the day of the run."""
    return any(isinstance(value, ir.RunValue) for value in calls.leaves(action))


def reads_environment(action: ir.Action) -> bool:
    """Whether the file needs `os` for an action."""
    adds = isinstance(action, ir.Shell | ir.Dbt) and bool(action.env.items)
    return adds or any(isinstance(value, ir.Env) for value in calls.leaves(action))


def _body(task: ir.Task, names: Names) -> tuple[str, str, Invocation | Freshness | Call]:
    """Return the kind of a task's assets, the template of its body, and what that prints."""
    match task.action:
        case ir.Dbt() as action if is_step(action):
            return "dbt", "step.j2", _step(action, task, names)
        case ir.Dbt() as action if len(action.nodes) > 1:
            return "dbt", "nodes.j2", _nodes(action, task, names)
        case ir.Dbt() as action:
            return "dbt", "node.j2", _node(action, task, names)
        case ir.Freshness() as action:
            return "dbt", "freshness.j2", _freshness(action, names)
        case ir.Python() as action:
            return "python", "python.j2", _python(action, task, names)
        case ir.Shell() as action:
            given = calls.shell(action, task.timeout, _FUNCTION)
            return "shell", "shell.j2", Call("subprocess.run", given)
        case ir.Http() as action:
            timeout = calls.seconds(task.timeout) if task.timeout else literal(None)
            given = calls.http(action, _FUNCTION, beside=200)
            given = Code(f"{given}    timeout={timeout},\n")
            return "http", "http.j2", _answered(Call("httpx.request", given), action, task, names)
        case ir.RemoteJob() as action:
            named = remote.run_dbt_cloud(task, action, _FUNCTION)
            given = calls.arguments((), named, beside=19)
            return "dbtcloud", "dbt_cloud.j2", Call("run_dbt_cloud", given)
    raise AssertionError(task.action)


def _step(action: ir.Dbt, task: ir.Task, names: Names) -> Step:
    mode = ("--indirect-selection", action.indirect_selection.value)
    words = [literal(word) for word in (action.command, *mode, *dbt.flags(action))]
    late = not dbt.is_fixed(action.vars)
    keys = {
        node: key[0] if len(key) == 1 else key
        for node in (node.unique_id for node in tables(action))
        for key in [names.keys[task.name][names.nodes[node]]]
    }
    return Step(
        project=names.resource(action),
        select=" ".join(action.select),
        exclude=" ".join(action.exclude),
        selector=action.selector,
        args=calls.items((*words, *dbt.deferral(action), *dbt.fixed(action)), beside=9),
        nodes=literal(keys),
        packages=action.project.install_deps,
        expands=action.is_expanded,
        dbt_vars=expression(action.vars, RUN) if late else None,
        env=dbt.environment(action, RUN),
        full_refresh=_refresh(action),
    )


def _node(action: ir.Dbt, task: ir.Task, names: Names) -> Node:
    checks = _checks(action.tests, action.tests)
    ran = action.expected
    [key] = names.keys[task.name].values()
    own = tuple("_".join(node.split(".")[2:]) for node in ran)
    return Node(
        **_invocation(action, names),
        unique_id=ran[0] if len(ran) == 1 else None,
        key=None if key == own else listed(key, beside=9),
        error=braces(checks[True]) if checks[True] else None,
        warn=braces(checks[False]) if checks[False] else None,
        macro_args=None if dbt.is_fixed(action.args) else expression(action.args, RUN),
    )


def _nodes(action: ir.Dbt, task: ir.Task, names: Names) -> Nodes:
    """Return several nodes; a test of more than one is a check of the last of them."""
    tests: dict[str, list[ir.DbtTest]] = {node.unique_id: [] for node in action.nodes}
    for test in action.tests:
        tested = [node for node in tests if node in test.parents]
        tests[tested[-1] if tested else action.nodes[-1].unique_id].append(test)
    checks = {node: _checks(found, action.tests) for node, found in tests.items() if found}
    parents = {node.unique_id: node.parents for node in action.nodes if node.parents}
    known = names.keys[task.name]
    keys = {node.unique_id: known[names.nodes[node.unique_id]] for node in action.nodes}

    def of(blocks: bool) -> Code | None:
        found = {node: by[blocks] for node, by in checks.items() if by[blocks]}
        return braces({node: braces(by) for node, by in found.items()}) if found else None

    return Nodes(
        **_invocation(action, names),
        nodes=braces({node: listed(key, beside=200) for node, key in keys.items()}),
        error=of(True),
        warn=of(False),
        parents=literal(parents) if parents else None,
    )


def _invocation(action: ir.Dbt, names: Names) -> dict[str, Any]:
    late = not dbt.is_fixed(action.vars)
    known = replace(action, args=ir.NOTHING) if not dbt.is_fixed(action.args) else action
    known = replace(known, full_refresh=False) if dbt.refreshes(known) else known
    return {
        "project": names.constants.of(action),
        "args": calls.items(dbt.arguments(known, RUN), beside=5),
        "dbt_vars": expression(action.vars, RUN) if late else None,
        "env": dbt.environment(action, RUN),
        "full_refresh": _refresh(action),
    }


def _refresh(action: ir.Dbt) -> Code | None:
    return expression(action.full_refresh, RUN) if dbt.refreshes(action) else None


def _freshness(action: ir.Freshness, names: Names) -> Freshness:
    known = {key: found for keys in names.keys.values() for key, found in keys.items()}
    keys = {table: known[".".join(table.split(".")[-2:])] for table in action.tables}
    return Freshness(
        project=names.constants.of(action),
        args=calls.items(dbt.arguments(action, RUN), beside=5),
        tables=braces({table: listed(key, beside=200) for table, key in keys.items()}),
        block=action.on_stale is ir.OnStale.BLOCK,
    )


def _checks(
    tests: Iterable[ir.DbtTest], among: Iterable[ir.DbtTest]
) -> dict[bool, dict[str, Code]]:
    """Return checks by whether they block; one of several with a name has its unique id's."""
    count = Counter(slug(test.name) for test in among)
    checks: dict[bool, dict[str, Code]] = {True: {}, False: {}}
    for test in tests:
        name = slug(test.name) if count[slug(test.name)] == 1 else slug(test.unique_id)
        checks[test.blocks][name] = literal(test.unique_id)
    return checks


def _answered(call: Call, action: ir.Http, task: ir.Task, names: Names) -> Call:
    """Return a request with what makes its response a failure, or a no."""
    call = _checked(call, task, names)
    if action.expect == ("2xx",) and not call.no:
        return call  # httpx tells that itself
    return replace(call, fails=control.is_unexpected(action.expect, beside=8))


def _checked(call: Call, task: ir.Task, names: Names) -> Call:
    """Return a call with what a check does if the answer is no."""
    told = task.name in names.control.rules
    skips = 'raise Skipped("the check says no")' if told else "return"
    is_left_out = task.if_false is ir.IfFalse.SKIP and not told
    return replace(call, no=control.says_no(task, skips), skips=is_left_out)


def _python(action: ir.Python, task: ir.Task, names: Names) -> Call:
    function = action.function
    called = f"{function}_" if function in RESERVED else function
    imported = function if called == function else f"{function} as {called}"
    line = f"from {action.module} import {imported}"
    if not calls.fits(line, beside=4):
        line = f"from {action.module} import (\n    {imported},\n)"
    named = {name: expression(value, _FUNCTION) for name, value in action.args.items}
    beside = len(called) + (14 if task.if_false else 6)
    call = Call(called, calls.arguments((), named, beside=beside), Code(line))
    return _checked(call, task, names)


def _signature(task: ir.Task, name: str, tables: int, rule: control.Rule | None) -> Code:
    """Return the parameters of a task's function and what it returns."""
    many = (tables > 1 or task.if_false is ir.IfFalse.SKIP) and rule is None
    returns = "Iterator[dg.MaterializeResult[None]]" if many else "None"
    warns = task.if_false is ir.IfFalse.WARN
    uses_run = is_dated(task.action) or uses(task.action)
    needed = tables > 1 or warns or uses_run or rule is not None
    if not needed and calls.fits(f"def {name}() -> {returns}:", beside=0):
        return Code(f"() -> {returns}")
    line = f"(context: dg.AssetExecutionContext) -> {returns}"
    if calls.fits(f"def {name}{line}:", beside=0):
        return Code(line)
    return Code(f"(\n    context: dg.AssetExecutionContext,\n) -> {returns}")
