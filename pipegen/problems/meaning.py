"""PG2: well-formed specifications that mean nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipegen.diagnostics import Diagnostic, Related, Severity, Span
from pipegen.problems._help import offer


def unknown_dependency(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`depends_on` names no source, transform or activation of the pipeline."""
    return Diagnostic(
        "PG201", f"unknown task '{name}'", span, offer(name, known, "tasks of this pipeline")
    )


def cycle(path: Sequence[str], span: Span, related: Sequence[Related] = ()) -> Diagnostic:
    """Tasks that wait for each other; the path names each, and ends where it starts."""
    return Diagnostic(
        "PG202",
        f"tasks wait for each other: {' -> '.join(path)}",
        span,
        "remove one of these dependencies; `pipegen graph` shows why each is there",
        related=tuple(related),
    )


def unknown_model(task: str, name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`reads` names nothing that a dbt project of the pipeline knows."""
    return Diagnostic(
        "PG203", f"'{task}' reads unknown model '{name}'", span, offer(name, known, "models")
    )


def name_collision(name: str, other: str, identifier: str, span: Span, first: Span) -> Diagnostic:
    """Two tasks that would have the same name on some back end."""
    same = (
        f"'{name}' is defined twice"
        if name == other
        else (f"'{name}' and '{other}' both become '{identifier}'")
    )
    return Diagnostic(
        "PG204", same, span, "rename one", related=(Related("the other is here", first),)
    )


def unknown_variable(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`${var.…}` names a variable that `vars` does not define."""
    return Diagnostic("PG205", f"unknown variable '{name}'", span, offer(name, known, "variables"))


def bad_reference(text: str, why: str, span: Span) -> Diagnostic:
    """A `${…}`, `{{…}}` or `{%…%}` that is not of the language, or stands where none may."""
    return Diagnostic(
        "PG206",
        f"'{text}' {why}",
        span,
        "references are ${ENV:NAME}, ${var.name} and {{ run.date }}; "
        "`$${` and `{{{{` write them literally",
    )


def unknown_connection(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`connection` names none of the project's `connections`."""
    return Diagnostic(
        "PG207", f"unknown connection '{name}'", span, offer(name, known, "connections")
    )


def unknown_project(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`project` names none of the project's `dbt.projects`."""
    return Diagnostic(
        "PG208", f"unknown dbt project '{name}'", span, offer(name, known, "dbt projects")
    )


def duplicate_pipeline(name: str, span: Span, first: Span) -> Diagnostic:
    """Two files of a project define a pipeline of the same name."""
    return Diagnostic(
        "PG209",
        f"pipeline '{name}' is defined twice",
        span,
        "rename one",
        related=(Related("first defined here", first),),
    )


def overlap(node: str, transform: str, other: str, span: Span, first: Span) -> Diagnostic:
    """Two transforms of a pipeline build the same dbt node."""
    return Diagnostic(
        "PG210",
        f"'{transform}' and '{other}' both build '{node}'",
        span,
        "narrow one selection with `exclude`",
        related=(Related(f"'{other}' selects it here", first),),
    )


def ambiguous_model(name: str, candidates: Sequence[str], span: Span) -> Diagnostic:
    """`reads` names several nodes."""
    return Diagnostic(
        "PG211", f"'{name}' is ambiguous", span, f"write one of: {', '.join(candidates)}"
    )


def not_built(task: str, name: str, span: Span) -> Diagnostic:
    """`reads` names a model that no transform of this pipeline builds, so nothing waits for it."""
    return Diagnostic(
        "PG212",
        f"'{task}' reads '{name}', which no transform of this pipeline builds",
        span,
        "nothing makes it wait: select the model in a transform, or ignore this if "
        "another pipeline builds it",
        severity=Severity.WARNING,
    )
