"""PG0: what is wrong with the YAML itself."""

from __future__ import annotations

from pipegen.diagnostics import Diagnostic, Related, Span


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
