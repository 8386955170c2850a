"""Lower a specification to the IR: look names up, fill defaults, infer and order dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pipegen import ir, problems
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.kinds.scope import Scope
from pipegen.lower.control import pointless
from pipegen.lower.dependencies import Lineage
from pipegen.lower.freshness import Gates
from pipegen.lower.graph import collisions, cycle, ordered
from pipegen.lower.grouping import grouped
from pipegen.lower.invocations import Dataset, DbtWork
from pipegen.lower.lock import Lock
from pipegen.lower.settings import Settings, overridden
from pipegen.lower.transforms import works
from pipegen.lower.values import References, outputs_used
from pipegen.lower.watch import Watch, identified, schedule
from pipegen.spec import DbtTransform, PipelineSpec, ProjectSpec, TaskSpec


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a pipeline means, the warnings met, and what of the project it uses."""

    pipeline: ir.Pipeline
    warnings: tuple[Diagnostic, ...]
    connections: frozenset[str]
    channels: frozenset[str]


def lower(
    spec: PipelineSpec, project: ProjectSpec, lock: Lock, file: str, *, enabled: bool = True
) -> Lowered:
    """Return the meaning of `spec`; raise CompileError with every problem.

    `lock` says what its selections and references are; `file` is where it was read from.
    `enabled` is whether its environment lets schedules be switched on.
    """
    return _Lowering(spec, project, lock).lowered(file, enabled)


class _Lowering:
    def __init__(self, spec: PipelineSpec, project: ProjectSpec, lock: Lock) -> None:
        self.spec = spec
        self.project = project
        self.lock = lock
        self.scope = Scope(project.connections)
        self.found: list[Diagnostic] = self.scope.problems
        self.references = References(spec, self.found)
        self.works = tuple(works(spec.selections, lock, self._dbt_projects()))
        self.steps = {n: t for n, t in spec.tasks if not isinstance(t, DbtTransform)}
        loads = {name: self._datasets(t.said("loads")) for name, t in self.steps.items()}
        self.gates = Gates(spec, lock, self._dbt_projects(), self.found)
        self.lineage = Lineage(lock, self.works, loads, self.gates.blocking())
        self.inferred = {work.name: tuple(self.lineage.of_work(work)) for work in self.works}
        self.members: dict[str, list[str]] = {name: [name] for name in self.steps}
        for name in spec.selections:
            self.members.setdefault(name, [])
        for work in self.works:
            self.members[work.transform].append(work.name)
        self.settings = Settings(spec, project, self.found)
        self.watch = Watch(spec, project, lock, self.members)

    def lowered(self, file: str, enabled: bool) -> Lowered:
        spec = self.spec
        tasks = (*self._tasks(), *self._freshness(), *self._waits())
        pipeline = ir.Pipeline(
            name=spec.pipeline,
            source=file,
            description=spec.description,
            owner=spec.owner or spec.defaults.owner or self.project.defaults.owner,
            tags=spec.tags,
            schedule=schedule(spec.schedule, self.lock, enabled),
            partition=ir.Partition(spec.partition) if spec.partition else None,
            timeout=spec.timeout,
            max_parallel=spec.max_parallel,
            params=tuple(self.references.params()),
            slas=tuple(self.watch.slas()),
            notifications=tuple(self.watch.notifications(self.references)),
            span=spec.key_span_of("pipeline"),
        )
        self.found += [
            *(*self.watch.problems, *self._same_names()),
            *(*collisions(tasks), *self._overlaps(), *pointless(tasks, spec)),
        ]
        if not any(problem.is_error for problem in self.found):
            in_order = ordered(tasks)
            if len(in_order) < len(tasks) and (circular := cycle(tasks)):
                self.found.append(circular)
            else:
                pipeline = self._arranged(pipeline, in_order)
        if any(problem.is_error for problem in self.found):
            raise CompileError(dict.fromkeys(self.found))
        return Lowered(
            pipeline=pipeline,
            warnings=tuple(dict.fromkeys(self.found)),
            connections=frozenset(self.scope.used),
            channels=frozenset(self.watch.used),
        )

    def _arranged(self, pipeline: ir.Pipeline, in_order: tuple[ir.Task, ...]) -> ir.Pipeline:
        """Return the pipeline with its tasks, those of a group being one."""
        tasks, renamed = grouped(in_order, self.lock)
        self.found += collisions(tasks) if renamed else ()
        slas = (
            replace(sla, tasks=tuple(dict.fromkeys(renamed.get(t, t) for t in sla.tasks)))
            for sla in pipeline.slas
        )
        return replace(pipeline, tasks=ordered(tasks) if renamed else tasks, slas=tuple(slas))

    def _dbt_projects(self) -> dict[str, ir.DbtProject]:
        specs = self.project.dbt.projects
        return {
            name: ir.DbtProject(
                name=name,
                package=locked.package,
                profile=locked.profile,
                dir=specs[name].dir,
                profiles_dir=specs[name].profiles_dir or specs[name].dir,
                target=specs[name].target,
                runtime_dir=specs[name].runtime_dir,
                install_deps=specs[name].install_deps,
                manifest=specs[name].manifest,
                span=specs[name].span,
            )
            for name, locked in self.lock.projects.items()
        }

    def _tasks(self) -> Iterator[ir.Task]:
        """Yield the tasks, a transform's where it is written."""
        stages = (
            (ir.Stage.SOURCE, self.spec.sources),
            (ir.Stage.TRANSFORM, self.spec.transforms),
            (ir.Stage.CHECK, self.spec.checks),
            (ir.Stage.ACTIVATION, self.spec.activations),
        )
        for stage, section in stages:
            for name, task in section.items():
                if isinstance(task, DbtTransform):
                    yield from self._dbt(name, task)
                else:
                    yield self._step(name, stage, task)

    def _dbt(self, name: str, transform: DbtTransform) -> Iterator[ir.Task]:
        self.references.flag(transform.full_refresh, "full_refresh", transform)
        overrides = tuple(overridden(name, transform, self.lock, self.found))
        if not self.members[name]:
            tuple(self._listed(transform))
        for work in self.works:
            if work.transform != name:
                continue
            first = self._is_first(work)
            task = self._task(
                work.name,
                ir.Stage.TRANSFORM,
                transform,
                work.action,
                self.inferred[work.name],
                first,
            )
            for override, nodes in overrides:
                if nodes.intersection(key for _, key in work.builds):
                    task = self.settings.over(task, override)
            run_if = task.run_if if first else ir.RunIf.ALL_SUCCESS
            yield replace(task, group=work.group, run_if=run_if)

    def _step(self, name: str, stage: ir.Stage, task: TaskSpec) -> ir.Task:
        reads: tuple[str, ...] = task.said("reads")
        if_false = task.said("if_false")
        action: ir.Action = task.action(self.scope)  # type: ignore[attr-defined]
        return self._task(
            *(name, stage, task, action, self._reads(name, reads)),
            loads=tuple(identified(self.lock, written) for written in task.said("loads")),
            reads=tuple(identified(self.lock, written) for written in reads),
            if_false=ir.IfFalse(if_false) if if_false else None,
            outputs=task.said("outputs"),
        )

    def _task(
        self,
        name: str,
        stage: ir.Stage,
        spec: TaskSpec,
        action: ir.Action,
        inferred: Iterable[ir.Dependency],
        first: bool = True,
        **more: Any,
    ) -> ir.Task:
        """Return a task; `first` says that it waits for what is named, not only inferred."""
        action = self.references.action(action, spec)
        named = self._named(name, spec, action) if first else ()
        return ir.Task(
            name=name,
            stage=stage,
            action=action,
            dependencies=tuple(sorted({*inferred, *named})),
            tags=spec.tags,
            description=spec.description,
            run_if=ir.RunIf(spec.run_if),
            allow_failure=spec.allow_failure,
            span=spec.span,
            **self.settings.of(spec),
            **more,
        )

    def _named(self, name: str, spec: TaskSpec, action: ir.Action) -> Iterator[ir.Dependency]:
        yield from self._listed(spec)
        for output in outputs_used(action) if self.references.outputs else ():
            if output.task in self.steps:
                yield ir.Dependency(output.task, ir.Reason.OUTPUT, output.output)
        for pipeline in spec.wait_for:
            yield ir.Dependency(f"wait_for_{pipeline}", ir.Reason.WAIT_FOR, pipeline)

    def _listed(self, spec: TaskSpec) -> Iterator[ir.Dependency]:
        """Yield what `depends_on` names; report what is no task."""
        for index, other in enumerate(spec.depends_on):
            if other not in self.members:
                span = spec.span_of("depends_on", index)
                self.found.append(problems.unknown_dependency(other, self.members, span))
                continue
            for task in self._ends(other):
                yield ir.Dependency(task, ir.Reason.DEPENDS_ON, other)

    def _freshness(self) -> Iterator[ir.Task]:
        """Yield the tasks that ask how old loaded tables are, with what is not theirs to say."""
        for name, task in self.gates.tasks():
            settings = self.settings.of(self.spec.sources[name])
            yield replace(task, owner=settings["owner"], timeout=settings["timeout"])

    def _waits(self) -> Iterator[ir.Task]:
        """Yield a task for each pipeline that is waited for."""
        first: dict[str, TaskSpec] = {}
        for name, task in self.spec.tasks:
            for pipeline in task.wait_for if self.members[name] else ():
                first.setdefault(pipeline, task)
        for pipeline, spec in first.items():
            span = spec.key_span_of("wait_for")
            yield ir.Task(
                name=f"wait_for_{pipeline}",
                stage=ir.Stage.WAIT,
                action=ir.Wait(pipeline=pipeline, span=span),
                retries=ir.Retries(span=span),
                span=span,
            )

    def _is_first(self, work: DbtWork) -> bool:
        """Whether the task waits for no other of its transform."""
        members = set(self.members[work.transform])
        return not any(dependency.task in members for dependency in self.inferred[work.name])

    def _ends(self, name: str) -> tuple[str, ...]:
        """Return the tasks whose end is the end of `name`: of a transform, its last ones.

        There are none if it selects nothing.
        """
        members = set(self.members[name])
        waited = {
            dependency.task
            for work in self.works
            if work.name in members
            for dependency in self.inferred[work.name]
        }
        return tuple(sorted(members - waited)) or ((name,) if members else ())

    def _reads(self, name: str, reads: tuple[str, ...]) -> Iterator[ir.Dependency]:
        datasets = self._datasets(reads)
        yield from (d for d in self.lineage.of_reads(datasets) if d.task != name)

    def _datasets(self, written: tuple[str, ...]) -> tuple[Dataset, ...]:
        found = (self.lock.references.get(name) for name in written)
        return tuple((r.project, r.unique_id) for r in found if r)

    def _overlaps(self) -> Iterator[Diagnostic]:
        first: dict[tuple[object, str], DbtWork] = {}
        for work in self.works:
            transform = self.spec.selections[work.transform]
            for (_, key), node in zip(work.builds, work.action.nodes, strict=True):
                other = first.setdefault((work.target, key), work)
                allowed = (
                    transform.allow_overlap or self.spec.selections[other.transform].allow_overlap
                )
                if other.transform != work.transform and not allowed:
                    place = self.spec.selections[other.transform].span_of("select")
                    span = transform.span_of("select")
                    yield problems.overlap(node.name, work.transform, other.transform, span, place)

    def _same_names(self) -> Iterator[Diagnostic]:
        first: dict[str, TaskSpec] = {}
        for name, task in self.spec.tasks:
            other = first.setdefault(name, task)
            if other is not task:
                yield problems.name_collision(name, name, name, task.span, other.span)
