"""PG5: files on disk, and secrets in them."""

from __future__ import annotations

from pipegen.diagnostics import Diagnostic, Span


def foreign_file(path: str, span: Span) -> Diagnostic:
    """A file pipegen did not write stands where it would write one."""
    return Diagnostic(
        "PG501",
        f"'{path}' was not written by pipegen",
        span,
        "move it away, or choose another `out`",
        refusal=True,
    )


def edited_file(path: str, span: Span) -> Diagnostic:
    """A generated file was edited by hand; writing it again would lose the edit."""
    return Diagnostic(
        "PG502",
        f"'{path}' was edited by hand",
        span,
        "carry the change into the specification, then delete the file and render again",
        refusal=True,
    )


def unsafe_path(path: str, reason: str, span: Span) -> Diagnostic:
    """A path that leads out of the folder it must stay in, or through a link."""
    return Diagnostic("PG503", f"'{path}' is not a safe place: {reason}", span, refusal=True)


def out_of_date(path: str, what: str, span: Span) -> Diagnostic:
    """A committed output differs from what its specification now compiles to (`--check`)."""
    return Diagnostic(
        "PG504", f"'{path}' is {what}", span, "run the same command without `--check`"
    )


def orphan(path: str, span: Span) -> Diagnostic:
    """A file pipegen wrote for a pipeline or a back end that is no longer there."""
    return Diagnostic("PG506", f"'{path}' is no longer made by any pipeline", span, "delete it")


def literal_secret(key: str, span: Span) -> Diagnostic:
    """A secret written out in a specification, where everybody who reads the code can see it."""
    return Diagnostic(
        "PG505",
        f"'{key}' holds a secret",
        span,
        f"keep it in the environment and write `{key}: ${{ENV:NAME}}`",
        refusal=True,
    )


def secret_in_text(what: str, span: Span) -> Diagnostic:
    """A text that holds a vendor's token, a private key, or a URL with a password."""
    return Diagnostic(
        "PG507",
        f"this text holds {what}",
        span,
        "keep it in the environment and write `${ENV:NAME}` in its place",
        refusal=True,
    )
