"""Compare what was observed of a run with the trace its meaning defines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pipegen import ir
from pipegen.compiler import compile_project
from pipegen.project import load
from pipegen.semantics import Trace

Invocation = tuple[str, tuple[str, ...], tuple[str, ...], str]


def meaning_of(project: Path, name: str) -> ir.Pipeline:
    """Return the meaning of a pipeline of a project."""
    found = compile_project(load(project), {}).pipelines
    meanings = {item.pipeline.name: item.pipeline for item in found if item.pipeline}
    return meanings[name]


def assert_same(
    seen: dict[str, Any], expected: Trace, meaning: ir.Pipeline, native: Callable[[str], str]
) -> None:
    """Assert that states, attempts, edges, order and dbt invocations are those expected."""
    assert {name: (task["state"], task["attempts"]) for name, task in seen["tasks"].items()} == {
        native(name): (ran.state.value, ran.attempts) for name, ran in expected.tasks
    }
    assert seen["succeeded"] == expected.succeeded
    assert Counter(map(tuple, seen["edges"])) == Counter(
        (native(before), native(after)) for before, after in meaning.edges()
    )
    for before, after in expected.order:
        first, then = seen["tasks"][native(before)], seen["tasks"][native(after)]
        assert first["ended"] <= then["started"], f"{after} started before {before} ended"
    assert Counter(map(invocation, seen["dbt"])) == Counter(
        command
        for name, ran in expected.tasks
        if isinstance(dbt := meaning.task(name).action, ir.Dbt)
        for command in [asked(dbt)] * ran.attempts
    )


def asked(dbt: ir.Dbt) -> Invocation:
    """Return what a task asks of dbt."""
    return dbt.command, words(dbt.select), words(dbt.exclude), dbt.indirect_selection.value


def invocation(argv: list[str]) -> Invocation:
    """Return what an invocation of dbt asked for; other options are the back end's own."""
    command = next(word for word in argv if word in ("build", "test", "run", "seed", "snapshot"))
    options: dict[str, list[str]] = {"--select": [], "--exclude": []}
    indirect = "eager"
    current: list[str] | None = None
    rest = iter(argv)
    for word in rest:
        if word in ("--select", "-s", "--exclude"):
            current = options["--exclude" if word == "--exclude" else "--select"]
        elif word == "--indirect-selection":
            indirect, current = next(rest), None
        elif word.startswith("--"):
            current = None
        elif current is not None:
            current.append(word)
    return command, words(options["--select"]), words(options["--exclude"]), indirect


def words(arguments: Iterable[str]) -> tuple[str, ...]:
    """Return a selection as dbt takes it apart: it splits each argument at its spaces."""
    return tuple(word for argument in arguments for word in argument.split())
