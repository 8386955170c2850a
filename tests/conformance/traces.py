"""Compare what was observed of a run with the trace its meaning defines."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from pipegen import ir, semantics
from pipegen.compiler import compile_project
from pipegen.project import load
from pipegen.semantics import End, Trace

Invocation = str
"""What dbt is asked for: the command and the options that matter, as JSON."""

TIMEZONE = ZoneInfo("Europe/Rome")
SWITCHES = ("--full-refresh", "--store-failures", "--defer")
WORDS = ("--select", "--exclude")
VALUES = ("--selector", "--indirect-selection", "--threads", "--state", "--target")
MAPPINGS = ("--vars", "--args")


ENDS = frozenset(End)
Plan = Mapping[str, Sequence[str]]
"""For a task, a dbt node or a dbt test, how its attempts end; the last outcome repeats."""


def end_of(plan: Plan, task: ir.Task, attempt: int) -> End:
    """Return how an attempt of a task ends by a plan: as the first of its elements that fails."""
    for element in semantics.elements(task):
        outcomes = plan.get(element, ["ok"])
        outcome = outcomes[min(attempt, len(outcomes)) - 1]
        if outcome != "ok":
            return End(outcome) if outcome in ENDS else End.FAIL
    return End.OK


def trace_of(pipeline: ir.Pipeline, plan: Plan) -> Trace:
    """Return the trace a plan of faults must leave."""
    return semantics.run(pipeline, lambda task, attempt: end_of(plan, task, attempt))


def meaning_of(project: Path, name: str) -> ir.Pipeline:
    """Return the meaning of a pipeline of a project."""
    found = compile_project(load(project), {}).pipelines
    meanings = {item.pipeline.name: item.pipeline for item in found if item.pipeline}
    return meanings[name]


def assert_same(
    seen: dict[str, Any],
    expected: Trace,
    meaning: ir.Pipeline,
    native: Callable[[str], str],
    environment: Mapping[str, str] = MappingProxyType({}),
    extra: Callable[[str], bool] = lambda _: False,
) -> None:
    """Assert that states, attempts, edges, order, dbt invocations and schedule are as expected.

    A task that is `extra` is none of the pipeline's: what waits for it waits for what it does.
    """
    assert {
        name: (task["state"], task["attempts"])
        for name, task in seen["tasks"].items()
        if not extra(name)
    } == {native(name): (ran.state.value, ran.attempts) for name, ran in expected.tasks}
    assert seen["succeeded"] == expected.succeeded
    assert Counter(without(extra, [(a, b) for a, b in seen["edges"]])) == Counter(
        (native(before), native(after)) for before, after in meaning.edges()
    )
    for before, after in expected.order:
        first, then = seen["tasks"][native(before)], seen["tasks"][native(after)]
        assert first["ended"] <= then["started"], f"{after} started before {before} ended"
    assert Counter(invocation(argv) for argv in seen["dbt"] if "deps" not in argv) == Counter(
        command
        for name, ran in expected.tasks
        if isinstance(action := meaning.task(name).action, ir.Dbt | ir.Freshness)
        for command in [asked(action, environment)] * ran.attempts
    )
    assert_scheduled(seen["schedules"], meaning.schedule)


def assert_scheduled(seen: Sequence[Mapping[str, Any]], schedule: ir.Schedule | None) -> None:
    """Assert that what starts runs says what the schedule says, as far as it can say it."""
    if schedule is None:
        assert all(told == {"enabled": False} for told in seen)
        return
    assert len(seen) == 1
    [told] = seen
    said = {key: value for key, value in told.items() if key != "instants"}
    assert said == {key: getattr(schedule, key) for key in said}
    assert said.keys() >= ({"enabled", "cron", "timezone"} if schedule.enabled else {"enabled"})


def without(
    extra: Callable[[str], bool], edges: Sequence[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """Yield the edges between tasks that are not `extra`, and once each those through one that is.

    No `extra` task waits for another.
    """
    through = {
        (before, after)
        for before, gate in edges
        for other, after in edges
        if extra(gate) and gate == other and not extra(after)
    }
    yield from through
    yield from (edge for edge in edges if not any(map(extra, edge)))


def asked(action: ir.Dbt | ir.Freshness, environment: Mapping[str, str]) -> Invocation:
    """Return what a task asks of dbt, on the day it is."""
    known = {"--target": action.project.target}
    if isinstance(action, ir.Freshness):
        return written("source freshness", {**known, "--select": words(action.select)})
    if action.command == "run-operation":
        given = {"--args": filled(action.args, environment)} if action.args.items else {}
        return written(f"run-operation {action.macro}", {**known, **given})
    chosen = action.select or action.selector
    return written(
        "docs generate" if action.command == "docs" else action.command,
        {
            **known,
            "--select": words(action.select),
            "--exclude": words(action.exclude),
            "--selector": action.selector,
            "--indirect-selection": action.indirect_selection.value if chosen else None,
            "--threads": str(action.threads) if action.threads else None,
            "--vars": filled(action.vars, environment) if action.vars.items else None,
            "--full-refresh": action.full_refresh is True,
            "--store-failures": action.store_failures,
            "--defer": action.state_dir is not None,
            "--state": Path(str(action.state_dir)).name if action.state_dir else None,
        },
    )


def filled(value: ir.Value, environment: Mapping[str, str]) -> Any:
    """Return a value as it is where a task runs, on the day it is."""
    today = datetime.now(TIMEZONE).date()
    match value:
        case ir.Fields(items):
            return {name: filled(item, environment) for name, item in items}
        case ir.Items(items):
            return [filled(item, environment) for item in items]
        case ir.Text(parts):
            return "".join(str(filled(part, environment)) for part in parts)
        case ir.Env(name):
            return environment[name]
        case ir.RunValue(format=format):
            return today.strftime(format) if format else today.isoformat()
    return value


def written(command: str, options: Mapping[str, Any]) -> Invocation:
    """Return an invocation in a form that compares."""
    return json.dumps([command, {k: v for k, v in options.items() if v}], sort_keys=True)


def invocation(argv: list[str]) -> Invocation:
    """Return what an invocation of dbt asked for; other options are the back end's own."""
    start = next(index for index, word in enumerate(argv) if word in COMMANDS)
    length = COMMANDS[argv[start]]
    options: dict[str, Any] = {}
    rest = iter(argv[start + length :])
    current: list[str] | None = None
    for word in rest:
        if word.startswith("-"):
            current = options.setdefault(word, []) if word in WORDS else None
        if word in SWITCHES:
            options[word] = True
        elif word in VALUES:
            options[word] = Path(next(rest)).name if word == "--state" else next(rest)
        elif word in MAPPINGS:
            options[word] = yaml.safe_load(next(rest))
        elif current is not None and not word.startswith("-"):
            current += word.split()
    return written(" ".join(argv[start : start + length]), options)


COMMANDS = {"source": 2, "docs": 2, "run-operation": 2} | dict.fromkeys(
    ("build", "run", "test", "seed", "snapshot"), 1
)
"""The commands of dbt, and how many words of one say what it is."""


def words(arguments: Iterable[str]) -> tuple[str, ...]:
    """Return a selection as dbt takes it apart: it splits each argument at its spaces."""
    return tuple(word for argument in arguments for word in argument.split())
