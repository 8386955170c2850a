"""Lower a specification to the IR: look names up, fill defaults, infer and order dependencies."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pipegen import ir, problems
from pipegen.diagnostics import CompileError, Diagnostic
from pipegen.kinds.scope import Scope
from pipegen.lower.dependencies import Lineage
from pipegen.lower.graph import collisions, cycle, ordered
from pipegen.lower.lock import Lock
from pipegen.lower.transforms import Dataset, DbtWork, works
from pipegen.spec import Activation, PipelineSpec, ProjectSpec, RetriesSpec, TaskSpec


def lower(
    spec: PipelineSpec, project: ProjectSpec, lock: Lock, file: str
) -> tuple[ir.Pipeline, tuple[Diagnostic, ...]]:
    """Return the meaning of `spec`, and warnings; raise CompileError with every problem.

    `lock` says what its selections and references are; `file` is where it was read from.
    """
    return _Lowering(spec, project, lock, file).pipeline()


class _Lowering:
    def __init__(self, spec: PipelineSpec, project: ProjectSpec, lock: Lock, file: str) -> None:
        self.spec = spec
        self.project = project
        self.lock = lock
        self.file = file
        self.scope = Scope(project.connections)
        self.found: list[Diagnostic] = self.scope.problems
        self.works = tuple(works(spec.transforms, lock, self._dbt_projects()))
        self.loads = {name: self._datasets(s.loads) for name, s in spec.sources.items()}
        self.lineage = Lineage(lock, self.works, self.loads)
        self.inferred = {work.name: tuple(self.lineage.of_work(work)) for work in self.works}
        self.members: dict[str, list[str]] = {
            name: [name] for name in (*spec.sources, *spec.activations)
        }
        for work in self.works:
            self.members.setdefault(work.transform, []).append(work.name)

    def pipeline(self) -> tuple[ir.Pipeline, tuple[Diagnostic, ...]]:
        spec = self.spec
        tasks = tuple(self._tasks())
        self.found += [*self._same_names(), *collisions(tasks), *self._overlaps()]
        if not any(p.is_error for p in self.found) and (circular := cycle(tasks)):
            self.found.append(circular)
        if any(problem.is_error for problem in self.found):
            raise CompileError(self.found)
        return ir.Pipeline(
            name=spec.pipeline,
            source=self.file,
            description=spec.description,
            owner=spec.owner or spec.defaults.owner or self.project.defaults.owner,
            tags=spec.tags,
            schedule=self._schedule(),
            tasks=ordered(tasks),
            span=spec.key_span_of("pipeline"),
        ), tuple(self.found)

    def _schedule(self) -> ir.Schedule | None:
        if (schedule := self.spec.schedule) is None:
            return None
        return ir.Schedule(
            cron=schedule.cron,
            timezone=schedule.timezone,
            start=schedule.start,
            catchup=schedule.catchup,
            span=schedule.span,
        )

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
                span=specs[name].span,
            )
            for name, locked in self.lock.projects.items()
        }

    def _tasks(self) -> Iterator[ir.Task]:
        for name, source in self.spec.sources.items():
            task = self._task(name, ir.Stage.SOURCE, source, source.action(self.scope), ())
            loads = tuple(self._id(written) for written in source.loads)
            yield replace(task, loads=loads)
        for work in self.works:
            transform = self.spec.transforms[work.transform]
            task = self._task(
                work.name,
                ir.Stage.TRANSFORM,
                transform,
                work.action,
                self.inferred[work.name],
                transform.depends_on if self._is_first(work) else (),
            )
            yield replace(task, group=work.group)
        for name, activation in self.spec.activations.items():
            task = self._task(
                name,
                ir.Stage.ACTIVATION,
                activation,
                activation.action(self.scope),
                self._reads(name, activation),
            )
            yield replace(task, reads=tuple(self._id(written) for written in activation.reads))

    def _task(
        self,
        name: str,
        stage: ir.Stage,
        spec: TaskSpec,
        action: ir.Action,
        inferred: Iterable[ir.Dependency],
        explicit: tuple[str, ...] | None = None,
    ) -> ir.Task:
        named = self._depends_on(name, spec, spec.depends_on if explicit is None else explicit)
        pipeline, project = self.spec, self.project
        return ir.Task(
            name=name,
            stage=stage,
            action=action,
            dependencies=tuple(sorted({*inferred, *named})),
            retries=_retries(
                spec.retries or pipeline.defaults.retries or project.defaults.retries, spec
            ),
            timeout=next(
                (
                    level.timeout
                    for level in (spec, pipeline.defaults, project.defaults)
                    if level.timeout is not None
                ),
                None,
            ),
            owner=spec.owner or pipeline.owner or pipeline.defaults.owner or project.defaults.owner,
            tags=spec.tags,
            description=spec.description,
            span=spec.span,
        )

    def _depends_on(
        self, name: str, spec: TaskSpec, written: tuple[str, ...]
    ) -> Iterator[ir.Dependency]:
        for index, other in enumerate(written):
            if other not in self.members:
                span = spec.span_of("depends_on", index)
                self.found.append(problems.unknown_dependency(other, self.members, span))
                continue
            for task in self._ends(other):
                yield ir.Dependency(task, ir.Reason.DEPENDS_ON, other)

    def _is_first(self, work: DbtWork) -> bool:
        """Whether the task waits for no other of its transform."""
        members = set(self.members[work.transform])
        return not any(dependency.task in members for dependency in self.inferred[work.name])

    def _ends(self, name: str) -> tuple[str, ...]:
        """Return the tasks whose end is the end of `name`: of a transform, its last ones."""
        members = set(self.members[name])
        waited = {
            dependency.task
            for work in self.works
            if work.name in members
            for dependency in self.inferred[work.name]
        }
        return tuple(sorted(members - waited)) or (name,)

    def _reads(self, name: str, activation: Activation) -> Iterator[ir.Dependency]:
        reads: dict[str, Dataset] = {}
        for index, written in enumerate(activation.reads):
            reference = self.lock.references[written]
            reads[written] = (reference.project, reference.unique_id)
            if not self.lineage.is_made(reads[written]):
                span = activation.span_of("reads", index)
                self.found.append(problems.not_built(name, written, span))
        yield from self.lineage.of_reads(name, reads)

    def _datasets(self, written: tuple[str, ...]) -> tuple[Dataset, ...]:
        found = (self.lock.references.get(name) for name in written)
        return tuple((r.project, r.unique_id) for r in found if r)

    def _id(self, written: str) -> str:
        reference = self.lock.references.get(written)
        return reference.unique_id if reference else written

    def _overlaps(self) -> Iterator[Diagnostic]:
        first: dict[Dataset, DbtWork] = {}
        for work in self.works:
            transform = self.spec.transforms[work.transform]
            for dataset, node in zip(work.builds, work.action.nodes, strict=True):
                other = first.setdefault(dataset, work)
                if other.transform != work.transform:
                    place = self.spec.transforms[other.transform].span_of("select")
                    yield problems.overlap(
                        node.name,
                        work.transform,
                        other.transform,
                        transform.span_of("select"),
                        place,
                    )

    def _same_names(self) -> Iterator[Diagnostic]:
        sections: tuple[Mapping[str, TaskSpec], ...] = (
            self.spec.sources,
            self.spec.transforms,
            self.spec.activations,
        )
        first: dict[str, TaskSpec] = {}
        for section in sections:
            for name, task in section.items():
                other = first.setdefault(name, task)
                if other is not task:
                    yield problems.name_collision(name, name, name, task.span, other.span)


def _retries(spec: RetriesSpec | None, task: TaskSpec) -> ir.Retries:
    if spec is None:
        return ir.Retries(span=task.span)
    return ir.Retries(count=spec.count, delay=spec.delay, span=task.span)
