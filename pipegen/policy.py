"""The rules of a project's `policies`, held against what its pipelines mean."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipegen import ir, problems
from pipegen.consistency import Understood
from pipegen.diagnostics import Diagnostic, Span
from pipegen.spec import PoliciesSpec

_DAYS = (date(2026, 1, 15), date(2026, 7, 15))
"""A day in winter and one in summer: the difference of two timezones depends on the season."""


_NOT_WRITTEN = (ir.Stage.WAIT, ir.Stage.FRESHNESS)
"""Tasks that follow from a key of others."""


def check(item: Understood, policies: PoliciesSpec) -> Iterator[Diagnostic]:
    """Yield each rule that a pipeline breaks."""
    yield from _required(item, policies)
    yield from _owners(item, policies)
    yield from _bounds(item, policies)
    yield from _windows(item, policies)
    yield from _promises(item, policies)
    yield from _personal(item, policies)


def _required(item: Understood, policies: PoliciesSpec) -> Iterator[Diagnostic]:
    pipeline = item.pipeline
    facts = {
        "owner": pipeline.owner,
        "description": pipeline.description,
        "tags": pipeline.tags,
        "schedule": pipeline.schedule,
        "notifications": pipeline.notifications,
    }
    for key in policies.require:
        if key == "timeout":
            for task in _written(pipeline):
                if task.timeout is None:
                    yield problems.required("task", task.group or task.name, key, task.span)
        elif not facts[key]:
            yield problems.required("pipeline", pipeline.name, key, pipeline.span)


def _written(pipeline: ir.Pipeline) -> Iterator[ir.Task]:
    """Yield the tasks, of each transform only those an override sets apart from the first."""
    seen: set[tuple[object, ...]] = set()
    for task in pipeline.tasks:
        key = (task.group or task.name, task.retries.count, task.timeout)
        if task.stage not in _NOT_WRITTEN and key not in seen:
            seen.add(key)
            yield task


def _owners(item: Understood, policies: PoliciesSpec) -> Iterator[Diagnostic]:
    if not policies.owners:
        return
    pipeline = item.pipeline
    if pipeline.owner and pipeline.owner not in policies.owners:
        span = item.spec.span_of("owner") if item.spec.owner else pipeline.span
        yield problems.owner_not_allowed(pipeline.owner, policies.owners, span)
    for task in _written(pipeline):
        if task.owner and task.owner != pipeline.owner and task.owner not in policies.owners:
            yield problems.owner_not_allowed(
                task.owner, policies.owners, _place(item, task, "owner")
            )


def _bounds(item: Understood, policies: PoliciesSpec) -> Iterator[Diagnostic]:
    fewest, most, longest = policies.min_retries, policies.max_retries, policies.max_timeout
    for task in _written(item.pipeline):
        name, count = task.group or task.name, task.retries.count
        retries = _place(item, task, "retries")
        if fewest is not None and task.stage is ir.Stage.SOURCE and count < fewest:
            yield problems.retries_out_of_bounds(name, count, f"fewer than {fewest}", retries)
        if most is not None and count > most:
            yield problems.retries_out_of_bounds(name, count, f"more than {most}", retries)
        if longest and (task.timeout is None or task.timeout > longest):
            span = _place(item, task, "timeout")
            yield problems.timeout_too_long(name, _short(longest), span)


def _place(item: Understood, task: ir.Task, key: str) -> Span:
    """Return where a task says something, or where it is named if it does not."""
    if key == "retries" and task.retries.span != task.span:
        return task.retries.span
    spec = next(s for name, s in item.spec.tasks if name == (task.group or task.name))
    return spec.span_of(key) if getattr(spec, key) is not None else task.span


def _short(length: timedelta) -> str:
    """Return a length of time as the language writes it."""
    for unit, seconds in (("d", 86400), ("h", 3600), ("m", 60)):
        count, rest = divmod(length.total_seconds(), seconds)
        if count and not rest:
            return f"{int(count)}{unit}"
    return f"{int(length.total_seconds())}s"


def _windows(item: Understood, policies: PoliciesSpec) -> Iterator[Diagnostic]:
    rule, schedule = policies.schedule, item.pipeline.schedule
    if not (rule and schedule and schedule.cron and item.spec.schedule):
        return
    for instant in _instants(schedule.cron, ZoneInfo(schedule.timezone)):
        there = instant.astimezone(ZoneInfo(rule.timezone)).time()
        if not any(_within(there, window) for window in rule.windows):
            windows = [f"{start:%H:%M}-{end:%H:%M} {rule.timezone}" for start, end in rule.windows]
            told = f"{there:%H:%M} {rule.timezone}"
            span = item.spec.schedule.span_of("cron")
            yield problems.outside_windows(schedule.cron, told, windows, span)
            return


def _instants(cron: str, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the times of day a cron expression names, in both seasons."""
    from croniter import croniter

    minutes, hours, *_ = croniter.expand(cron)[0]
    for day in _DAYS:
        for hour in range(24) if hours == ["*"] else hours:
            for minute in range(60) if minutes == ["*"] else minutes:
                yield datetime.combine(day, time(int(hour), int(minute)), zone)


def _within(moment: time, window: tuple[time, time]) -> bool:
    start, end = window
    if start <= end:
        return start <= moment <= end
    return moment >= start or moment <= end


def _promises(item: Understood, policies: PoliciesSpec) -> Iterator[Diagnostic]:
    pipeline = item.pipeline
    for index, tag in enumerate(pipeline.tags):
        if tag in policies.sla_tags and not pipeline.slas:
            yield problems.no_sla(pipeline.name, tag, item.spec.span_of("tags", index))
            return


def _personal(item: Understood, policies: PoliciesSpec) -> Iterator[Diagnostic]:
    if (rule := policies.pii) is None:
        return
    for name, activation in item.spec.activations.items():
        for index, written in enumerate(activation.reads):
            reference = item.lock.references.get(written)
            project = item.lock.projects.get(reference.project) if reference else None
            node = project.nodes.get(reference.unique_id) if project and reference else None
            marked = node and (rule.meta in node.meta or rule.tag in node.tags)
            if marked and rule.approved not in activation.tags:
                span = activation.span_of("reads", index)
                yield problems.personal_data(name, written, rule.approved, span)
