"""Cases of what governs a run: a pipeline, plans of faults, and where a back end differs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from instants import assert_fires, moments
from lanes import ROOT, Recorder
from traces import Plan, assert_same, trace_of

from pipegen import backends, ir
from pipegen.capabilities import Feature, Level
from pipegen.compiler import compile_project
from pipegen.project import load
from pipegen.render import RenderedFile
from pipegen.render import render as rendering
from pipegen.semantics import Ran, State, Trace

HERE = Path(__file__).parent / "control"
CALLABLES = {"checks": "control_tasks:answer"}
"""What a task calls, if it is of a section with a function of its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """A pipeline as it is written, plans for it, and what lanes do otherwise or cannot do."""

    name: str
    pipeline: Mapping[str, Any]
    plans: Mapping[str, Plan]
    differs: Mapping[str, Mapping[str, Any]]
    without: Mapping[str, str]

    def expected(self, meaning: ir.Pipeline, lane: str, plan: str) -> Trace:
        """Return the trace a plan must leave on a lane."""
        trace = trace_of(meaning, self.plans[plan])
        other = self._declared(lane, plan)
        if "tasks" not in other:
            return trace
        changed = {name: Ran(State(state), n) for name, (state, n) in other["tasks"].items()}
        assert all(dict(trace.tasks)[name] != ran for name, ran in changed.items())
        tasks = tuple((name, changed.get(name, ran)) for name, ran in trace.tasks)
        ran = {name for name, each in tasks if each.attempts}
        order = frozenset(edge for edge in meaning.edges() if ran.issuperset(edge))
        succeeded = other.get("succeeded", trace.succeeded)
        return replace(trace, tasks=tasks, order=order, succeeded=succeeded)

    def otherwise(self, lane: str, plan: str) -> Mapping[datetime, datetime | None]:
        """Return, for an instant of the schedule, that of a lane; one it adds is by itself."""
        told = self._declared(lane, plan).get("instants", {})
        return {
            datetime.fromisoformat(meant): datetime.fromisoformat(made) if made else None
            for meant, made in told.items()
        }

    def _declared(self, lane: str, plan: str) -> Mapping[str, Any]:
        """Return what a lane does otherwise with a plan, if its back end says that it does."""
        other = self.differs.get(lane, {}).get(plan)
        if other is None:
            return {}
        support = backends.get(lane).capabilities[Feature(other["feature"])]
        assert support.level is Level.DEGRADED, f"{lane} does not say that it differs"
        return dict(other)


def cases(folder: Path = HERE / "cases") -> dict[str, Case]:
    """Return the cases of a folder, by name."""
    found = {}
    for file in sorted(folder.glob("*.yaml")):
        written = yaml.safe_load(file.read_text("utf-8"))
        differs, without = written.get("differs", {}), written.get("without", {})
        found[file.stem] = Case(file.stem, written["pipeline"], written["plans"], differs, without)
    return found


def specification(case: Case) -> dict[str, Any]:
    """Return the pipeline of a case as a specification of Python tasks."""
    spec: dict[str, Any] = {"version": 1, "pipeline": case.name, **case.pipeline}
    for section in ("sources", "transforms", "checks", "activations"):
        spec[section] = {
            name: task if "kind" in task else {**called(section, name), **task}
            for name, task in spec.get(section, {}).items()
        }
    return spec


def called(section: str, name: str) -> dict[str, Any]:
    """Return the kind of a task that ends as the plan says."""
    function = CALLABLES.get(section, "control_tasks:work")
    return {"kind": "python", "callable": function, "args": {"task": name}}


@dataclass(frozen=True, slots=True)
class Rendered:
    """The project of a case, which is written for every back end that can, and what it means."""

    folder: Path
    meaning: ir.Pipeline


def prepare(folder: Path) -> Path:
    """Copy the project of the cases to a folder, with the manifest of its dbt project."""
    shutil.copytree(HERE, folder, ignore=shutil.ignore_patterns("cases", "__pycache__"))
    subprocess.run([sys.executable, ROOT / "tests" / "manifests.py", folder], check=True)
    return folder


def render(case: Case, folder: Path, prepared: Path) -> Rendered:
    """Write the project of a case in a folder."""
    return render_all([case], folder, prepared)[case.name]


def render_all(cases: Iterable[Case], folder: Path, prepared: Path) -> dict[str, Rendered]:
    """Write a project of several cases in a folder; no two may build the same in dbt."""
    shutil.copytree(prepared, folder)
    (folder / "pipelines").mkdir()
    for case in cases:
        text = yaml.safe_dump(specification(case), sort_keys=False)
        (folder / "pipelines" / f"{case.name}.yaml").write_text(text)
    opened = load(folder)
    compilation = compile_project(opened, opened.targets())
    assert {p.code for p in compilation.diagnostics if p.is_error} <= {"PG301"}
    outputs = [o for item in compilation.pipelines for o in item.outputs] + [*compilation.shared]
    for output in outputs:
        write(output.files, folder / output.out)
    meanings = [item.pipeline for item in compilation.pipelines if item.pipeline]
    return {meaning.name: Rendered(folder, meaning) for meaning in meanings}


def write(files: Iterable[RenderedFile], folder: Path) -> None:
    """Write files below a folder."""
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")


def rendered_otherwise(
    case: Case, folder: Path, prepared: Path, change: Callable[[ir.Pipeline], ir.Pipeline]
) -> Rendered:
    """Write the project of a case as if it meant something else."""
    rendered = render(case, folder, prepared)
    changed = change(rendered.meaning)
    for name, target in load(folder).targets().items():
        backend = backends.get(name)
        planned = (*backend.plan(changed, target), *backend.plan_project((changed,), target))
        shutil.rmtree(folder / target.out)
        write(rendering(planned, backend.templates), folder / target.out)
    return rendered


def assert_runs_as_meant(
    recorder: Recorder, rendered: Rendered, case: Case, plan: str, scratch: Path
) -> None:
    """Run a case with a plan, and assert its trace, its instants and each task's work."""
    lane, meaning = recorder.lane, rendered.meaning
    schedule = meaning.schedule
    expected = case.expected(meaning, lane.name, plan)
    (scratch / "plan.json").write_text(json.dumps(case.plans[plan]))
    (scratch / "log").mkdir()

    seen = recorder.run(
        rendered.folder,
        Path("generated", lane.name),
        case.name,
        {
            "CONTROL_PLAN": scratch / "plan.json",
            "CONTROL_LOG": scratch / "log",
            "MINI_FAULTS": scratch / "plan.json",
            "MINI_LOG": scratch / "dbt",
            "MINI_DB": scratch / "mini.duckdb",
        },
        moments=[each.isoformat() for each in moments(schedule)] if schedule else [],
    )

    assert_same(seen, expected, meaning, lane.native, extra=lane.extra)
    if schedule and lane.fires:
        kept = schedule if lane.starts else replace(schedule, start=None)
        assert_fires(seen["schedules"][0]["instants"], kept, case.otherwise(lane.name, plan))
    logged = Counter(file.stem for file in (scratch / "log").iterdir())
    assert logged == {
        name: ran.attempts
        for name, ran in expected.tasks
        if ran.attempts and isinstance(meaning.task(name).action, ir.Python)
    }
