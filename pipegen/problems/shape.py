"""PG1: keys and values of another form than the language has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipegen.diagnostics import Diagnostic, Span
from pipegen.problems._help import either, nearest, offer


def unknown_key(
    key: str, allowed: Iterable[str], span: Span, missing: str | None = None
) -> Diagnostic:
    """A key the language does not have in this place.

    Where one much like it must be there and is missing, the two are one mistake.
    """
    help = f"rename it to '{missing}'" if missing else offer(key, allowed, "allowed here")
    return Diagnostic("PG101", f"unknown key '{key}'", span, help)


def wrong_value(message: str, span: Span, help: str | None = None) -> Diagnostic:
    """A value of another type or form than its key takes."""
    return Diagnostic("PG102", message, span, help)


def missing_key(key: str, span: Span) -> Diagnostic:
    """A key that must be there is not."""
    return Diagnostic("PG103", f"missing key '{key}'", span, f"add `{key}:`")


def one_of(keys: Sequence[str], given: Sequence[str], span: Span) -> Diagnostic:
    """Keys that exclude each other: one of them must be there, and no more than one."""
    named = " and ".join(f"'{key}'" for key in given)
    choice = either([f"'{key}'" for key in keys])
    message = f"{named} exclude each other" if given else f"one of {choice} is missing"
    return Diagnostic("PG108", message, span, f"write only one of {choice}" if given else None)


def unknown_choice(value: str, choices: Sequence[str], span: Span) -> Diagnostic:
    """A value that is none of the words its key takes."""
    return Diagnostic("PG104", f"unknown value '{value}'", span, offer(value, choices, "one of"))


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
