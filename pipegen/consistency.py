"""Whether the pipelines of a project fit each other: what none of them can know alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic, Related, Span
from pipegen.lower import Lowered
from pipegen.lower.lock import Lock
from pipegen.lower.watch import identified
from pipegen.spec import PipelineSpec, ProjectSpec, TaskSpec


@dataclass(frozen=True, slots=True)
class Understood:
    """A pipeline of which everything is known: as written, as locked, and as meant."""

    spec: PipelineSpec
    lock: Lock
    lowered: Lowered

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.spec.pipeline

    @property
    def pipeline(self) -> ir.Pipeline:
        """What it means."""
        return self.lowered.pipeline


Found = Iterator[tuple[int, Diagnostic]]
"""What is wrong, and with which of the pipelines, by its index."""


def check(pipelines: Sequence[Understood], *, complete: bool) -> Found:
    """Yield what is wrong between pipelines.

    `complete` says that they are all there are: what is not among them is nowhere.
    """
    yield from _same_names(pipelines)
    if complete:
        yield from _unknown_pipelines(pipelines)
    yield from _cycles(pipelines)
    yield from _loaded_twice(pipelines)
    yield from _built_by_two(pipelines)
    yield from _not_built(pipelines, complete)


def unused(project: ProjectSpec, pipelines: Iterable[Understood]) -> Iterator[Diagnostic]:
    """Yield a warning for each connection and channel that no pipeline uses."""
    used = list(pipelines)
    connections = {name for item in used for name in item.lowered.connections}
    channels = {name for item in used for name in item.lowered.channels}
    for name, connection in project.connections.items():
        if name not in connections:
            yield problems.unused("connection", name, connection.span)
    for name, channel in project.channels.items():
        if name not in channels:
            yield problems.unused("channel", name, channel.span)


def _same_names(pipelines: Sequence[Understood]) -> Found:
    first: dict[str, Understood] = {}
    for index, item in enumerate(pipelines):
        other = first.setdefault(item.name, item)
        if other is not item:
            span = item.pipeline.span
            yield index, problems.duplicate_pipeline(item.name, span, other.pipeline.span)


def _named(spec: PipelineSpec) -> Iterator[tuple[str, str, Span]]:
    """Yield the other pipelines that a pipeline names, and by which key."""
    for index, name in enumerate(spec.schedule.after if spec.schedule else ()):
        assert spec.schedule, "it has names"
        yield "schedule.after", name, spec.schedule.span_of("after", index)
    for _, task in spec.tasks:
        for index, name in enumerate(task.wait_for):
            yield "wait_for", name, task.span_of("wait_for", index)


def _unknown_pipelines(pipelines: Sequence[Understood]) -> Found:
    known = {item.name for item in pipelines}
    for index, item in enumerate(pipelines):
        for _, name, span in _named(item.spec):
            if name not in known:
                yield index, problems.unknown_pipeline(name, known - {item.name}, span)


def _cycles(pipelines: Sequence[Understood]) -> Found:
    places = {item.name: index for index, item in enumerate(pipelines)}
    waits = {
        item.name: {name: (key, span) for key, name, span in _named(item.spec) if name in places}
        for item in pipelines
    }
    while path := _cycle(waits):
        start = min(path[:-1])
        turn = path.index(start)
        path = [*path[turn:-1], *path[: turn + 1]]
        related = [
            Related(f"'{a}' waits for '{b}' ({waits[a][b][0]})", waits[a][b][1])
            for a, b in pairwise(path)
        ]
        yield places[start], problems.pipeline_cycle(path, related[0].span, related[1:])
        for name in path[:-1]:
            waits.pop(name)


def _cycle(waits: Mapping[str, Iterable[str]]) -> list[str]:
    """Return a cycle, from what waits to what it waits for, or nothing."""
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]
    return []


def _loaded_twice(pipelines: Sequence[Understood]) -> Found:
    first: dict[str, tuple[str, Span]] = {}
    for index, item in enumerate(pipelines):
        for name, task in item.spec.tasks:
            for place, written in enumerate(task.said("loads")):
                span = task.span_of("loads", place)
                mine = f"{item.name}.{name}"
                other, there = first.setdefault(identified(item.lock, written), (mine, span))
                if other != mine:
                    yield index, problems.loaded_twice(written, other, span, there)


def _built_by_two(pipelines: Sequence[Understood]) -> Found:
    first: dict[tuple[str, str | None, str], tuple[Understood, ir.Task]] = {}
    for index, item in enumerate(pipelines):
        told: set[str] = set()
        for task in item.pipeline.tasks:
            for key, node in _builds(task):
                other, maker = first.setdefault(key, (item, task))
                if other is not item and other.name not in told:
                    told.add(other.name)
                    yield index, problems.built_by_two(node, other.name, task.span, maker.span)


def _builds(task: ir.Task) -> Iterator[tuple[tuple[str, str | None, str], str]]:
    if isinstance(task.action, ir.Dbt):
        project = task.action.project
        for node in task.action.nodes:
            yield (project.name, project.target, node.unique_id), node.name


def _not_built(pipelines: Sequence[Understood], complete: bool) -> Found:
    makers: dict[str, list[str]] = {}
    for item in pipelines:
        for unique_id in _made(item.pipeline):
            makers.setdefault(unique_id, []).append(item.name)
    complete = complete and not any(map(_builds_elsewhere, pipelines))
    for index, item in enumerate(pipelines):
        here = _made(item.pipeline)
        for user, task, written, span in _used(item.spec):
            unique_id = identified(item.lock, written)
            others = makers.get(unique_id, ())
            if unique_id in here or (not others and unique_id.startswith("source.")):
                continue  # a source table may be filled from outside
            if complete and not others:
                yield index, problems.never_built(user, written, span)
            elif task and not _waits(item.spec, task, others):
                yield index, problems.not_built(user, written, others, span)


def _builds_elsewhere(item: Understood) -> bool:
    """Whether it has jobs of dbt Cloud, of which nobody here knows what they build."""
    services = (t.action.service for t in item.pipeline.tasks if isinstance(t.action, ir.RemoteJob))
    return "dbt_cloud" in services


def _used(spec: PipelineSpec) -> Iterator[tuple[str, TaskSpec | None, str, Span]]:
    """Yield the models a pipeline uses: by whom, which task that is, as written, and where."""
    for name, task in spec.tasks:
        for place, written in enumerate(task.said("reads")):
            yield name, task, written, task.span_of("reads", place)
    if spec.schedule and (update := spec.schedule.on_update):
        for place, written in enumerate(update.datasets):
            span = update.span_of("all" if update.all else "any", place)
            yield "schedule.on_update", None, written, span


def _made(pipeline: ir.Pipeline) -> set[str]:
    built = {key for task in pipeline.tasks for (_, _, key), _ in _builds(task)}
    return built | {table for task in pipeline.tasks for table in task.loads}


def _waits(spec: PipelineSpec, task: TaskSpec, makers: Iterable[str]) -> bool:
    """Whether a pipeline that makes it is waited for, by the task or by the schedule."""
    named = {*task.wait_for, *(spec.schedule.after if spec.schedule else ())}
    return bool(named.intersection(makers))
