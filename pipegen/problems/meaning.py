"""PG2: well-formed specifications that mean nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipegen.diagnostics import Diagnostic, Related, Severity, Span
from pipegen.problems._help import either, offer


def unknown_dependency(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`depends_on` names no source, transform or activation of the pipeline."""
    return Diagnostic(
        "PG201", f"unknown task '{name}'", span, offer(name, known, "tasks of this pipeline")
    )


def cycle(path: Sequence[str], span: Span, related: Sequence[Related] = ()) -> Diagnostic:
    """Tasks that wait for each other; the path names each, and ends where it starts."""
    return Diagnostic(
        "PG202",
        f"'{path[0]}' waits for itself"
        if len(path) == 2
        else f"tasks wait for each other: {' -> '.join(path)}",
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
    """`${var.…}` or `${each.…}` names a value that neither `vars` nor the row has."""
    return Diagnostic("PG205", f"unknown variable '{name}'", span, offer(name, known, "variables"))


def bad_reference(text: str, why: str, span: Span) -> Diagnostic:
    """A `${…}`, `{{…}}` or `{%…%}` that is not of the language, or stands where none may."""
    help = (
        "references are ${ENV:NAME}, ${var.name}, ${each.name}, {{ run.date }}, "
        "{{ run.date | format('%Y') }}, {{ params.name }} and {{ tasks.name.output }}; "
        "`$${` and `{{{{` write them literally"
    )
    return Diagnostic("PG206", f"'{text}' {why}", span, help if why.startswith("is not") else None)


def unknown_connection(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`connection` names none of the project's `connections`."""
    return Diagnostic(
        "PG207", f"unknown connection '{name}'", span, offer(name, known, "connections")
    )


def wrong_connection(
    name: str, kind: str, wanted: Sequence[str], span: Span, defined: Span
) -> Diagnostic:
    """`connection` names a connection that leads to something else than the task needs."""
    return Diagnostic(
        "PG213",
        f"'{name}' is a connection of kind '{kind}'",
        span,
        f"this task takes one of kind {either(wanted)}",
        related=(Related("it is defined here", defined),),
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


def not_built(task: str, name: str, makers: Sequence[str], span: Span) -> Diagnostic:
    """`reads` names what no task of this pipeline makes, so nothing waits for it."""
    others = " or ".join(f"'{maker}'" for maker in makers)
    help = f"{others} does: name it in `wait_for` or `schedule.after`"
    if not makers:
        help = "name it in the `loads` of what fills it, unless that is outside of this project"
    return Diagnostic(
        "PG212",
        f"'{task}' reads '{name}', which no task of this pipeline makes",
        span,
        help,
        severity=Severity.WARNING,
    )


def unknown_param(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`{{ params.… }}` names a parameter that the pipeline does not declare."""
    return Diagnostic("PG214", f"unknown parameter '{name}'", span, offer(name, known, "params"))


def wrong_default(name: str, type: str, span: Span) -> Diagnostic:
    """The default of a parameter is not of the parameter's type."""
    return Diagnostic("PG215", f"the default of '{name}' is not of type {type}", span)


def no_default(name: str, span: Span) -> Diagnostic:
    """A parameter of a pipeline with a schedule has no default: there is nobody to ask."""
    return Diagnostic(
        "PG229",
        f"nobody gives '{name}' to a run that a schedule starts",
        span,
        "give it a default, or take the schedule out: then whoever starts a run must say",
    )


def unknown_output(task: str, output: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`{{ tasks.… }}` names a task that is not there, or that gives out nothing of that name."""
    return Diagnostic(
        "PG216",
        f"no task gives out '{task}.{output}'",
        span,
        offer(f"{task}.{output}", known, "outputs"),
    )


def no_partition(text: str, span: Span) -> Diagnostic:
    """`{{ run.start }}` or `{{ run.end }}` in a pipeline without `partition`."""
    return Diagnostic(
        "PG217",
        f"'{text}' has no meaning without a partition",
        span,
        "add `partition: daily` to the pipeline, or use `run.date`",
    )


def unknown_channel(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`notify` or a notification names none of the project's `channels`."""
    return Diagnostic("PG218", f"unknown channel '{name}'", span, offer(name, known, "channels"))


def unknown_pool(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`pool` names none of the project's `pools`."""
    return Diagnostic("PG230", f"unknown pool '{name}'", span, offer(name, known, "pools"))


def waits_for_nothing(name: str, run_if: str, span: Span) -> Diagnostic:
    """`run_if` on a task that waits for nothing, so that there is nothing to decide on."""
    return Diagnostic(
        "PG231",
        f"'{name}' has `run_if: {run_if}` and waits for nothing",
        span,
        "name what it is to be decided on in `depends_on`, or leave `run_if` out",
    )


def skips_nothing(name: str, span: Span) -> Diagnostic:
    """A check has `if_false: skip`, and nothing waits for it."""
    return Diagnostic(
        "PG232",
        f"nothing waits for '{name}', so that its no skips nothing",
        span,
        "name it in the `depends_on` of what is to be skipped, or say `if_false: warn`",
        severity=Severity.WARNING,
    )


def outlives_its_run(name: str, span: Span, limit: Span) -> Diagnostic:
    """A task has a longer timeout than the run it is part of."""
    return Diagnostic(
        "PG233",
        f"an attempt of '{name}' may take longer than the run",
        span,
        "shorten it, or let the run take longer",
        severity=Severity.WARNING,
        related=(Related("the run may take this long", limit),),
    )


def loaded_twice(table: str, other: str, span: Span, first: Span) -> Diagnostic:
    """Two tasks of a project fill one source table: readers would see half of it."""
    return Diagnostic(
        "PG219",
        f"'{table}' is loaded by '{other}' too",
        span,
        "load it in one task, or take it from the `loads` of one",
        related=(Related("it is loaded here first", first),),
    )
