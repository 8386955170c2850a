"""Lower what surrounds the tasks: the schedule, promises about time, and who is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic, Span
from pipegen.lower.lock import Lock
from pipegen.lower.values import References
from pipegen.spec import NotificationSpec, PipelineSpec, ProjectSpec, ScheduleSpec


def schedule(spec: ScheduleSpec | None, lock: Lock, enabled: bool) -> ir.Schedule | None:
    """Return what starts a run; `enabled` is what the environment says."""
    if spec is None:
        return None
    on_update = None
    if update := spec.on_update:
        datasets = tuple(identified(lock, name) for name in update.datasets)
        on_update = ir.OnUpdate(datasets=datasets, every=bool(update.all), span=update.span)
    return ir.Schedule(
        cron=spec.cron,
        after=spec.after,
        on_update=on_update,
        timezone=spec.timezone,
        start=spec.start,
        catchup=spec.catchup,
        overlap=ir.Overlap(spec.overlap) if spec.overlap else None,
        enabled=spec.enabled and enabled,
        span=spec.span,
    )


def identified(lock: Lock, written: str) -> str:
    """Return dbt's unique id of a model or table; the name as written if no project knows it."""
    reference = lock.references.get(written)
    return reference.unique_id if reference else written


class Watch:
    """Who is told of what; collects what is told to nobody."""

    def __init__(
        self, spec: PipelineSpec, project: ProjectSpec, lock: Lock, members: Mapping[str, list[str]]
    ) -> None:
        self.spec = spec
        self.lock = lock
        self.members = members
        self.channels = {n: channel.lowered(n) for n, channel in project.channels.items()}
        self.problems: list[Diagnostic] = []
        self.used: set[str] = set()

    def slas(self) -> Iterator[ir.Sla]:
        """Yield the promises of the pipeline."""
        for name, sla in self.spec.slas.items():
            selected = self.lock.queries.get(f"slas.{name}.of")
            named = sla.of.models if sla.of else ()
            notify = enumerate(sla.notify)
            channels = [self._channel(c, sla.span_of("notify", i)) for i, c in notify]
            for index, task in enumerate(sla.tasks):
                if task not in self.members:
                    span = sla.span_of("tasks", index)
                    self.problems.append(problems.unknown_dependency(task, self.members, span))
            yield ir.Sla(
                name=name,
                datasets=(
                    *(identified(self.lock, model) for model in named),
                    *(selected.nodes if selected else ()),
                ),
                tasks=tuple(t for task in sla.tasks for t in self.members.get(task, ())),
                ready_by=sla.ready_by,
                max_age=sla.max_age,
                max_duration=sla.max_duration,
                severity=sla.severity,
                notify=tuple(channel for channel in channels if channel),
                span=sla.span,
            )

    def notifications(self, references: References) -> Iterator[ir.Notification]:
        """Yield the messages that are sent when a run ends."""
        told: tuple[tuple[str, tuple[NotificationSpec, ...]], ...] = (
            ("failure", self.spec.notifications.on_failure),
            ("success", self.spec.notifications.on_success),
        )
        for event, specs in told:
            for spec in specs:
                if channel := self._channel(spec.channel, spec.span_of("channel")):
                    text = references.value(spec.text, spec)
                    yield ir.Notification(on=event, channel=channel, text=text, span=spec.span)

    def _channel(self, name: str, span: Span) -> ir.Channel | None:
        self.used.add(name)
        if name not in self.channels:
            self.problems.append(problems.unknown_channel(name, self.channels, span))
        return self.channels.get(name)
