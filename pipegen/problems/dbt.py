"""PG4: selections, manifests and references into dbt projects."""

from __future__ import annotations

from collections.abc import Iterable

from pipegen.diagnostics import Diagnostic, Related, Severity, Span
from pipegen.problems._help import offer


def invalid_selection(reason: str, span: Span) -> Diagnostic:
    """dbt's own selector refuses the selection."""
    return Diagnostic("PG401", f"dbt refuses this selection: {reason}", span)


def empty_selection(transform: str, span: Span, help: str | None = None) -> Diagnostic:
    """The selection matches no node that can be built: a misspelt selector, most often."""
    return Diagnostic("PG402", f"'{transform}' selects nothing", span, help)


def missing_manifest(path: str, command: str, span: Span) -> Diagnostic:
    """The manifest that selections are resolved on is not there, and the lock cannot serve."""
    return Diagnostic("PG403", f"no dbt manifest at '{path}'", span, f"make it: {command}")


def bad_manifest(path: str, reason: str, span: Span) -> Diagnostic:
    """The manifest cannot be read, or dbt wrote it in a form pipegen does not know."""
    return Diagnostic("PG404", f"cannot use the dbt manifest '{path}': {reason}", span)


def unknown_source(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`loads` names no source table of the pipeline's dbt projects."""
    return Diagnostic(
        "PG405",
        f"no dbt project has the source table '{name}'",
        span,
        offer(name, known, "source tables"),
    )


def no_thresholds(table: str, missing: str, span: Span) -> Diagnostic:
    """`freshness` asks how old a source table may be, and dbt has no threshold for it.

    `block` needs `error_after`, since nothing else makes data stale; `alert` either of them.
    """
    return Diagnostic(
        "PG408",
        f"dbt has no `{missing}` for the source table '{table}'",
        span,
        "add it in the dbt project's sources.yml and parse again: `config: {freshness: "
        f"{{{missing}: {{count: 12, period: hour}}}}, loaded_at_field: <column>}}`",
    )


def override_selects_nothing(transform: str, span: Span) -> Diagnostic:
    """An override selects none of the nodes of its transform, so it changes nothing."""
    return Diagnostic("PG406", f"this override selects no node of '{transform}'", span)


def bad_dbt_project(path: str, reason: str, span: Span) -> Diagnostic:
    """The place of a dbt project's models, where its exposures go, cannot be found out."""
    return Diagnostic(
        "PG407",
        f"cannot place exposures in the dbt project '{path}': {reason}",
        span,
        "they go below the first of its `model-paths` or, without that key, below `models`",
    )


def exposure_without_owner(activation: str, span: Span) -> Diagnostic:
    """An activation without an owner cannot be an exposure: dbt wants one of each."""
    return Diagnostic(
        "PG409",
        f"'{activation}' has no owner, and dbt wants one of every exposure",
        span,
        "add `owner` to it, to its pipeline, or to `defaults`",
    )


def same_exposure(name: str, other: str, span: Span, first: Span) -> Diagnostic:
    """Two activations of a project would be the same exposure of a dbt project."""
    return Diagnostic(
        "PG410",
        f"this activation and '{other}' both become the exposure '{name}'",
        span,
        "rename one",
        related=(Related("the other is here", first),),
    )


def stale_manifest(path: str, reason: str, command: str, span: Span) -> Diagnostic:
    """The dbt project is no longer what its manifest was made from, so selections may be wrong."""
    return Diagnostic(
        "PG411",
        f"the dbt manifest '{path}' is out of date: {reason}",
        span,
        f"make it again: {command}",
        Severity.WARNING,
    )
