"""The committed code, run on the real orchestrators, does what `pipegen.semantics` says.

A case is a specification and a plan of faults. The expected trace is computed; the
observed one is what a recorder read from the orchestrator, and from the log that the tasks
and dbt models of the project write themselves.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from lanes import LANES, Lane, Recorder

from pipegen import ir, semantics
from pipegen.compiler import compile_project
from pipegen.project import load

HERE = Path(__file__).parent
PROJECTS = HERE / "projects"
CASES: dict[str, dict[str, list[str]]] = yaml.safe_load((HERE / "cases.yaml").read_text())
PIPELINES = ("mini_step", "mini_model")


@dataclass(frozen=True)
class World:
    """Copies of the projects with their manifests, and the recorder of one lane."""

    lane: Lane
    recorder: Recorder
    folder: Path


@pytest.fixture(scope="session", params=LANES, ids=lambda lane: lane.name)
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, mini_dbt: Path
) -> Iterator[World]:
    scratch = tmp_path_factory.mktemp(request.param.name)
    ignored = shutil.ignore_patterns("target", "logs", "dbt", "__pycache__")
    for name in PIPELINES:
        shutil.copytree(PROJECTS / name, scratch / name, ignore=ignored)
        shutil.copytree(mini_dbt, scratch / name / "dbt")
    recorder = Recorder(request.param, scratch)
    yield World(request.param, recorder, scratch)
    recorder.stop()


@cache
def meaning_of(project: Path) -> ir.Pipeline:
    (compiled,) = compile_project(load(project), {}).pipelines
    assert compiled.pipeline, compiled.diagnostics
    return compiled.pipeline


@pytest.mark.parametrize("pipeline", PIPELINES)
@pytest.mark.parametrize("case", CASES)
def test_a_run_leaves_the_trace_the_semantics_define(
    world: World, case: str, pipeline: str, tmp_path: Path
) -> None:
    meaning = meaning_of(world.folder / pipeline)
    plan = CASES[case]
    expected = semantics.run(meaning, lambda task, attempt: ends_well(plan, task, attempt))

    log, seen = run(world, pipeline, plan, tmp_path)

    native = world.lane.native
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
    assert side_effects(log) == {
        name: ran.attempts
        for name, ran in expected.tasks
        if ran.attempts and not isinstance(meaning.task(name).action, ir.Dbt)
    }


def ends_well(plan: Mapping[str, list[str]], task: ir.Task, attempt: int) -> bool:
    outcomes = (plan.get(element, ["ok"]) for element in semantics.elements(task))
    return all(outcome[min(attempt, len(outcome)) - 1] == "ok" for outcome in outcomes)


def run(
    world: World, pipeline: str, plan: Mapping[str, list[str]], scratch: Path
) -> tuple[Path, dict[str, Any]]:
    faults, log = scratch / "faults.json", scratch / "log"
    faults.write_text(json.dumps(plan))
    project = world.folder / pipeline
    generated = project / "expected" / world.lane.name / world.lane.path(pipeline)
    environment = {
        "MINI_DB": str(scratch / "mini.duckdb"),
        "MINI_FAULTS": str(faults),
        "MINI_LOG": str(log),
    }
    request = {
        "file": str(generated),
        "pipeline": pipeline,
        "env": environment,
        "path": [str(project)],
    }
    return log, world.recorder.ask(request)


Invocation = tuple[str, tuple[str, ...], tuple[str, ...], str]


def asked(dbt: ir.Dbt) -> Invocation:
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


def side_effects(log: Path) -> dict[str, int]:
    """Return how often each task of the user's code really ran."""
    lines = log.read_text().splitlines() if log.exists() else []
    return dict(Counter(json.loads(line)["task"] for line in lines))
