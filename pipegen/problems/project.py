"""PG2: pipelines that do not fit each other, or their project."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipegen.diagnostics import Diagnostic, Related, Severity, Span
from pipegen.problems._help import offer


def unknown_pipeline(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`schedule.after` or `wait_for` names no pipeline of the project."""
    return Diagnostic("PG220", f"unknown pipeline '{name}'", span, offer(name, known, "pipelines"))


def pipeline_cycle(path: Sequence[str], span: Span, related: Sequence[Related]) -> Diagnostic:
    """Pipelines that wait for each other, by `schedule.after` or `wait_for`."""
    return Diagnostic(
        "PG221",
        f"'{path[0]}' waits for itself"
        if len(path) == 2
        else f"pipelines wait for each other: {' -> '.join(path)}",
        span,
        "remove one of these",
        related=tuple(related),
    )


def never_built(task: str, name: str, span: Span) -> Diagnostic:
    """`reads` names a model that no pipeline of the project builds."""
    return Diagnostic(
        "PG222",
        f"'{task}' reads '{name}', which no pipeline builds",
        span,
        "select the model in a transform",
    )


def built_by_two(node: str, other: str, span: Span, first: Span) -> Diagnostic:
    """Two pipelines of a project build the same dbt node: their runs can collide."""
    return Diagnostic(
        "PG223",
        f"'{node}' is built by the pipeline '{other}' too",
        span,
        "build it in one of them, and let the other read it",
        severity=Severity.WARNING,
        related=(Related("it is built here too", first),),
    )


def unused(what: str, name: str, span: Span) -> Diagnostic:
    """A connection or channel that no pipeline uses."""
    return Diagnostic(
        "PG224",
        f"no pipeline uses the {what} '{name}'",
        span,
        "remove it",
        severity=Severity.WARNING,
    )


def no_environment(span: Span, known: Iterable[str]) -> Diagnostic:
    """`out` holds `${env}`, and no environment was chosen."""
    names = ", ".join(sorted(known))
    help = f"choose one with `--env`: {names}" if names else "define one under `environments`"
    return Diagnostic("PG225", "`${env}` needs an environment", span, help)


def wrong_version(wanted: str, version: str, span: Span) -> Diagnostic:
    """`requires` excludes the version of pipegen that reads the project."""
    return Diagnostic(
        "PG226",
        f"this project requires pipegen {wanted}, and this is {version}",
        span,
        "install a version in that range, or change `requires` and render again",
    )


def unknown_backend(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`backends` of a pipeline names no back end that is installed."""
    return Diagnostic("PG227", f"unknown back end '{name}'", span, offer(name, known, "back ends"))


def unknown_feature(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`accept` names no feature of which the back end keeps only a part."""
    return Diagnostic(
        "PG228",
        f"'{name}' is nothing to accept",
        span,
        offer(name, known, "partly kept by this back end"),
    )
