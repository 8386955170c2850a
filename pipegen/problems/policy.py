"""PG6: rules of the project's own, which its `policies` state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipegen.diagnostics import Diagnostic, Span
from pipegen.problems._help import offer


def required(what: str, name: str, key: str, span: Span) -> Diagnostic:
    """`policies.require` names a key that a pipeline or task lacks."""
    return Diagnostic("PG601", f"{what} '{name}' has no '{key}'", span, f"add `{key}:`")


def owner_not_allowed(owner: str, allowed: Iterable[str], span: Span) -> Diagnostic:
    """An owner that `policies.owners` does not list."""
    return Diagnostic("PG602", f"unknown owner '{owner}'", span, offer(owner, allowed, "owners"))


def retries_out_of_bounds(name: str, count: int, bound: str, span: Span) -> Diagnostic:
    """A task is tried again less often or more often than the policies allow."""
    return Diagnostic("PG603", f"'{name}' has {count} retries, {bound}", span)


def timeout_too_long(name: str, limit: str, span: Span) -> Diagnostic:
    """A task may take longer than `policies.max_timeout`, or as long as it likes."""
    return Diagnostic(
        "PG604", f"'{name}' may take longer than {limit}", span, f"add `timeout: {limit}` or less"
    )


def outside_windows(cron: str, instant: str, windows: Sequence[str], span: Span) -> Diagnostic:
    """A schedule starts runs outside of the windows `policies.schedule` allows."""
    return Diagnostic(
        "PG605",
        f"'{cron}' starts a run at {instant}",
        span,
        f"schedules may start runs at {', '.join(windows)}",
    )


def no_sla(pipeline: str, tag: str, span: Span) -> Diagnostic:
    """A pipeline with one of the tags of `policies.sla_tags` promises nothing."""
    return Diagnostic(
        "PG606", f"'{pipeline}' is tagged '{tag}' and has no SLA", span, "add one under `slas`"
    )


def personal_data(task: str, model: str, approved: str, span: Span) -> Diagnostic:
    """An activation reads a model with personal data without the tag that approves it."""
    return Diagnostic(
        "PG607",
        f"'{task}' sends out '{model}', which holds personal data",
        span,
        f"have it approved, then add the tag '{approved}' to the activation",
    )
