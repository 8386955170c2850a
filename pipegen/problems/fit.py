"""PG3: what a back end cannot express."""

from __future__ import annotations

from pipegen.diagnostics import Diagnostic, Related, Severity, Span


def unsupported(backend: str, feature: str, why: str, span: Span) -> Diagnostic:
    """A back end cannot express what the pipeline asks for; the others are still written."""
    return Diagnostic("PG301", f"`{feature}` is not supported for {backend}", span, why)


def degraded(
    backend: str, feature: str, differs: str, span: Span, accept: str | None = None
) -> Diagnostic:
    """A back end keeps only a part of the meaning; the message says what differs."""
    return Diagnostic(
        "PG302",
        f"{backend} only partly keeps `{feature}`: {differs}",
        span,
        f"if that will do, list '{accept}' under `accept` of this back end" if accept else None,
        severity=Severity.WARNING,
    )


def built_twice(backend: str, node: str, other: str, span: Span, first: Span) -> Diagnostic:
    """Two pipelines build or load one table, and the back end knows a table by one name."""
    return Diagnostic(
        "PG303",
        f"{backend} cannot load two pipelines that make '{node}': '{other}' does too",
        span,
        "build it in one of them, and let the other read it",
        related=(Related("this one does too", first),),
    )
