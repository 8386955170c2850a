"""What looks like a secret: refused in a specification, and starred out wherever text is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipegen import problems
from pipegen.diagnostics import Diagnostic
from pipegen.source import Document, Key

_KEY = re.compile(
    r"(?:^|[_\-.])(?:password|passwd|pwd|passphrase|secret|token|api_?key|private_?key|access_?key"
    r"|client_?secret|webhook|credentials?|authorization)$",
    re.IGNORECASE,
)
_SHAPES = {
    "a password in a URL": r"://[^\s/:@]*:(?P<password>[^\s/@]+)@",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,})",
    "a Slack token": r"\bxox[abeoprs]-[\w-]{10,}",
    "a Slack webhook": r"https://hooks\.slack\.com/(?:services|workflows)/[\w/-]{10,}",
    "an API key": r"\bsk-[\w-]{20,}",
    "a GitLab token": r"\bglpat-[\w-]{16,}",
    "a Databricks token": r"\bdapi[0-9a-f]{32}",
    "a Google API key": r"\bAIza[\w-]{35}",
    "a JSON web token": r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "credentials": r"\b(?:Bearer|Basic) (?!\$\{)[\w+/=.-]{8,}",
}
_NAMED = {f"s{index}": what for index, what in enumerate(_SHAPES)}
SHAPE = re.compile(
    "|".join(f"(?P<{name}>{_SHAPES[what]})" for name, what in _NAMED.items()), re.ASCII
)
"""What vendors' tokens and keys look like, and URLs with a password."""

_HINT = re.compile(
    r"://|A[KS]IA|gh[pousr]_|github_pat|xox|sk-|glpat|dapi|AIza|eyJ|-----|Bearer|Basic"
)
_REFERENCE = re.compile(r"\$\{|\{\{")


def literal(document: Document) -> Iterator[Diagnostic]:
    """Yield a refusal for each value of a document that is a secret, or holds one."""
    yield from _literal(document, document.value, ())


def _literal(document: Document, value: Any, path: tuple[Key, ...]) -> Iterator[Diagnostic]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _literal(document, item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _literal(document, item, (*path, index))
    elif path and isinstance(value, str | int) and not isinstance(value, bool):
        yield from _of_scalar(document, value, path)


def _of_scalar(document: Document, value: str | int, path: tuple[Key, ...]) -> Iterator[Diagnostic]:
    text, key = str(value), str(path[-1])
    if text and _KEY.search(key) and not _REFERENCE.search(text):
        yield problems.literal_secret(key, document.span(path))
    elif _HINT.search(text) and (found := shape(text)):
        yield problems.secret_in_text(found, document.span(path))


def shape(text: str) -> str | None:
    """Return what secret a text holds, if one; a reference in its place is none."""
    for match in SHAPE.finditer(text):
        if not _REFERENCE.search(match["password"] or ""):
            return next(_NAMED[name] for name in _NAMED if match[name])
    return None
