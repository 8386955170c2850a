"""Every diagnostic pipegen can give: one constructor a code, whose docstring documents it.

Families: PG0 YAML, PG1 shape, PG2 meaning, PG3 back ends, PG4 dbt, PG5 files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from pipegen.diagnostics import Diagnostic, Related, Severity, Span


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return a help text that offers the known name most like `name`, if one is."""
    close = get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else None


def _offer(name: str, known: Iterable[str], what: str) -> str:
    """Return `nearest`, or the list of what is known."""
    names = sorted(set(known))
    listed = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return nearest(name, names) or (f"{what}: {listed}" if names else f"there are no {what}")


# PG0: YAML


def yaml_syntax(message: str, span: Span) -> Diagnostic:
    """The file is not YAML."""
    return Diagnostic("PG001", message, span)


def forbidden_character(codepoint: int, span: Span) -> Diagnostic:
    """A control, invisible or text-direction character, which a reviewer cannot see."""
    return Diagnostic(
        "PG002", f"forbidden character U+{codepoint:04X}", span, "remove it: it does not show"
    )


def anchor(span: Span) -> Diagnostic:
    """Anchors, aliases and merge keys are refused: a small file can grow without bound."""
    return Diagnostic(
        "PG003",
        "anchors, aliases and merge keys are not allowed",
        span,
        "write the value out, or share it through `defaults` or `${var.…}`",
    )


def tag(name: str, span: Span) -> Diagnostic:
    """YAML tags are refused: parsers disagree on them, and some run code."""
    return Diagnostic("PG004", f"the YAML tag {name!r} is not allowed", span, "remove the tag")


def too_large(what: str, limit: int, span: Span) -> Diagnostic:
    """A file, a value, or the nesting of values beyond any real specification."""
    return Diagnostic("PG005", f"{what} beyond the limit of {limit}", span)


def duplicate_key(key: str, span: Span, first: Span) -> Diagnostic:
    """A key written twice in one mapping: YAML would keep one in silence."""
    return Diagnostic(
        "PG006",
        f"duplicate key '{key}'",
        span,
        "remove one of the two",
        related=(Related("first defined here", first),),
    )


def ambiguous_scalar(text: str, span: Span) -> Diagnostic:
    """A plain value that YAML 1.1 and 1.2 read differently, such as `no` or `12:30`."""
    return Diagnostic(
        "PG007", f"ambiguous value {text}: YAML versions disagree", span, f'quote it: "{text}"'
    )


def key_not_text(span: Span) -> Diagnostic:
    """A key of a mapping that is itself a list or a mapping."""
    return Diagnostic("PG008", "a key must be plain text", span)


def several_documents(span: Span) -> Diagnostic:
    """More than one YAML document, or a directive, in a file."""
    return Diagnostic("PG009", "one file holds one YAML document without directives", span)


def not_a_mapping(span: Span) -> Diagnostic:
    """The file is empty, or its top level is no mapping of keys."""
    return Diagnostic("PG010", "the file must be a mapping of keys to values", span)


def unreadable(reason: str, span: Span) -> Diagnostic:
    """The file cannot be read, or is not UTF-8 text."""
    return Diagnostic("PG011", f"cannot read the file: {reason}", span)


# PG1: shape


def unknown_key(key: str, allowed: Iterable[str], span: Span) -> Diagnostic:
    """A key the language does not have in this place."""
    return Diagnostic("PG101", f"unknown key '{key}'", span, _offer(key, allowed, "allowed here"))


def wrong_value(message: str, span: Span, help: str | None = None) -> Diagnostic:
    """A value of another type or form than its key takes."""
    return Diagnostic("PG102", message, span, help)


def missing_key(key: str, span: Span) -> Diagnostic:
    """A key that must be there is not."""
    return Diagnostic("PG103", f"missing key '{key}'", span, f"add `{key}:`")


def unknown_choice(value: str, choices: Sequence[str], span: Span) -> Diagnostic:
    """A value that is none of the words its key takes."""
    return Diagnostic(
        "PG104", f"unknown value '{value}'", span, _offer(value, choices, "one of")
    )


def bad_name(name: str, span: Span) -> Diagnostic:
    """A name that cannot be the name of a task or pipeline on every back end."""
    return Diagnostic(
        "PG105",
        f"'{name}' is not a name",
        span,
        "a name has lower-case letters, digits and `_`, starts with a letter, "
        "and is no longer than 63 characters",
    )


def bad_cron(cron: str, reason: str, span: Span) -> Diagnostic:
    """A cron expression that some orchestrator would refuse or read differently."""
    return Diagnostic(
        "PG106",
        f"'{cron}' is not a cron expression: {reason}",
        span,
        "five fields: minute hour day-of-month month day-of-week, as in `0 5 * * 1-5`",
    )


def bad_timezone(timezone: str, known: Iterable[str], span: Span) -> Diagnostic:
    """A timezone that is not in the IANA database."""
    help = nearest(timezone, known) or "an IANA name such as `Europe/Rome` or `UTC`"
    return Diagnostic("PG107", f"unknown timezone '{timezone}'", span, help)


# PG2: meaning


def unknown_dependency(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`depends_on` names no source, transform or activation of the pipeline."""
    return Diagnostic(
        "PG201", f"unknown task '{name}'", span, _offer(name, known, "tasks of this pipeline")
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
        "PG203", f"'{task}' reads unknown model '{name}'", span, _offer(name, known, "models")
    )


def name_collision(name: str, other: str, identifier: str, span: Span, first: Span) -> Diagnostic:
    """Two tasks that would have the same name on some back end."""
    same = f"'{name}' is defined twice" if name == other else (
        f"'{name}' and '{other}' both become '{identifier}'"
    )
    return Diagnostic(
        "PG204", same, span, "rename one", related=(Related("the other is here", first),)
    )


def unknown_variable(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`${var.…}` names a variable that `vars` does not define."""
    return Diagnostic(
        "PG205", f"unknown variable '{name}'", span, _offer(name, known, "variables")
    )


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
        "PG207", f"unknown connection '{name}'", span, _offer(name, known, "connections")
    )


def unknown_project(name: str, known: Iterable[str], span: Span) -> Diagnostic:
    """`project` names none of the project's `dbt.projects`."""
    return Diagnostic(
        "PG208", f"unknown dbt project '{name}'", span, _offer(name, known, "dbt projects")
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


# PG3: back ends


def unsupported(backend: str, feature: str, why: str, span: Span) -> Diagnostic:
    """A back end cannot express what the pipeline asks for; the others are still written."""
    return Diagnostic("PG301", f"{backend} cannot express `{feature}`", span, why)


def degraded(backend: str, feature: str, differs: str, span: Span) -> Diagnostic:
    """A back end keeps only a part of the meaning; the message says what differs."""
    return Diagnostic(
        "PG302", f"{backend} only partly keeps `{feature}`: {differs}", span,
        severity=Severity.WARNING,
    )


# PG4: dbt


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
        "PG405", f"no dbt project has the source table '{name}'", span,
        _offer(name, known, "source tables"),
    )


# PG5: files


def foreign_file(path: str, span: Span) -> Diagnostic:
    """A file pipegen did not write stands where it would write one."""
    return Diagnostic(
        "PG501", f"'{path}' was not written by pipegen", span,
        "move it away, or choose another `out`", refusal=True,
    )


def edited_file(path: str, span: Span) -> Diagnostic:
    """A generated file was edited by hand; writing it again would lose the edit."""
    return Diagnostic(
        "PG502", f"'{path}' was edited by hand", span,
        "carry the change into the specification, then delete the file and render again",
        refusal=True,
    )


def unsafe_path(path: str, reason: str, span: Span) -> Diagnostic:
    """A path that leads out of the folder it must stay in, or through a link."""
    return Diagnostic("PG503", f"'{path}' is not a safe place: {reason}", span, refusal=True)


def out_of_date(path: str, what: str, span: Span) -> Diagnostic:
    """A committed output differs from what its specification now compiles to (`--check`)."""
    return Diagnostic("PG504", f"'{path}' is {what}", span, "run `pipegen render`")


def orphan(path: str, span: Span) -> Diagnostic:
    """A file pipegen wrote for a pipeline or a back end that is no longer there."""
    return Diagnostic(
        "PG506", f"'{path}' is no longer made by any pipeline", span, "delete it"
    )


def literal_secret(key: str, span: Span) -> Diagnostic:
    """A secret written out in a specification, where everybody who reads the code can see it."""
    return Diagnostic(
        "PG505", f"'{key}' holds a secret", span,
        f"keep it in the environment and write `{key}: ${{ENV:NAME}}`", refusal=True,
    )
