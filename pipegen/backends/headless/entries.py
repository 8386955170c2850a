"""The table of tasks in the script: an entry a task, and what most of them have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass

from pipegen import ir
from pipegen.backends import dbt
from pipegen.backends.calls import Given, arguments, items, seconds, usual
from pipegen.emit import Code, literal

RUN = Given("day", params="PARAMS")
"""The expressions for what a task knows of its run."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What governs a task and what it is told by; None where it is as for most tasks."""

    retries: Code | None
    delay: Code | None
    timeout: Code | None
    owner: Code | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the table of tasks: its work is a function or an invocation of dbt.

    `parse` are the arguments of what an invocation finds parsed, `own` are the settings that
    are not as for most tasks.
    """

    task: ir.Task
    function: str | None
    invocation: Code | None
    parse: Code | None
    upstream: Code | None
    own: Settings
    delays: Code | None
    run_if: str | None
    if_false: str | None


def most(tasks: Iterable[ir.Task]) -> Settings:
    """Return the settings that most tasks have: those of a task that its entry leaves out."""
    each = list(map(_settings, tasks))
    return Settings(
        retries=usual(settings.retries for settings in each) or literal(0),
        delay=usual(settings.delay for settings in each) or literal(0),
        timeout=usual(settings.timeout for settings in each) or literal(None),
        owner=usual(settings.owner for settings in each) or literal(""),
    )


def entry(task: ir.Task, constants: dbt.Constants, function: str | None, known: Settings) -> Entry:
    """Return the entry of a task, beside what is known of most."""
    of_task, of_most = astuple(_settings(task)), astuple(known)
    own = [None if one == most else one for one, most in zip(of_task, of_most, strict=True)]
    delays = [seconds(delay) for delay in task.retries.delays] if _grows(task) else []
    return Entry(
        task=task,
        function=function,
        invocation=_invocation(task.action, constants) if dbt.is_dbt(task.action) else None,
        parse=_parse(task.action, constants) if dbt.is_dbt(task.action) else None,
        upstream=_strings(task.upstream, beside=18) if task.upstream else None,
        own=Settings(*own),
        delays=items(delays, beside=16) if delays else None,
        run_if=task.run_if.value if task.run_if is not ir.RunIf.ALL_SUCCESS else None,
        if_false=task.if_false.value if task.if_false else None,
    )


def _settings(task: ir.Task) -> Settings:
    """Return the settings of a task; None for a delay that it never waits for."""
    waits = task.retries.count and not _grows(task)
    return Settings(
        retries=literal(task.retries.count),
        delay=seconds(task.retries.delay) if waits else None,
        timeout=seconds(task.timeout) if task.timeout else literal(None),
        owner=literal(task.owner or ""),
    )


def _grows(task: ir.Task) -> bool:
    return task.retries.backoff is ir.Backoff.EXPONENTIAL and bool(task.retries.count)


def _parse(action: dbt.Action, constants: dbt.Constants) -> Code:
    """Return what tells one parse of a project from another: options, and an environment."""
    env = dbt.environment(action, RUN)
    given = (dbt.project(action, constants.of(action), RUN), *([env] if env else ()))
    return arguments(given, {}, beside=41)


def _invocation(action: dbt.Action, constants: dbt.Constants) -> Code:
    """Return the call that runs dbt for a task."""
    given = [
        dbt.project(action, constants.of(action), RUN),
        items(dbt.arguments(action, RUN), beside=13),
    ]
    if isinstance(action, ir.Freshness):
        given.append(Code(f"tables={_strings(action.tables, beside=20)}"))
        given.append(Code(f"block={action.on_stale is ir.OnStale.BLOCK}"))
        return Code(f"stale_tables({arguments(given, {}, beside=200)})")
    if action.expected:
        given.append(Code(f"nodes={_strings(action.expected, beside=19)}"))
    if env := dbt.environment(action, RUN):
        given.append(Code(f"env={env}"))
    return Code(f"run_dbt({arguments(given, {}, beside=200)})")


def _strings(texts: Sequence[str], beside: int) -> Code:
    return items([literal(text) for text in texts], beside)
