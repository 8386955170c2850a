"""What looks like a secret: refused in a specification, and starred out wherever text is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from pipegen import problems
from pipegen.diagnostics import Diagnostic
from pipegen.source import Document, Key

WORDS = (
    "password|passwd|pwd|passphrase|secret|token|api_?key|private_?key|access_?key"
    "|webhook|credentials?|authorization"
)
"""The last words of keys that hold a secret."""

_KEY = re.compile(rf"(?:^|[_\-.])(?:{WORDS})$", re.IGNORECASE)
_SHAPES = {
    "a password in a URL": r"://[^\s/:@]*:(?P<password>[^\s/@]+)@",
    "an AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,})",
    "a Slack token": r"\bxox[abeoprs]-[\w-]{10,}",
    "a Slack webhook": r"https://hooks\.slack\.com/(?:services|workflows)/[\w/-]{10,}",
    "an API key": r"\bsk-(?=[\w-]*[A-Z])(?=[\w-]*[0-9])[\w-]{20,}",
    "a GitLab token": r"\bglpat-[\w-]{16,}",
    "a Databricks token": r"\bdapi[0-9a-f]{32}",
    "a Google API key": r"\bAIza[\w-]{35}",
    "a JSON web token": r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----[^\"']*",
    "credentials": r"\b(?:Bearer|Basic) (?=[\w+/.-]*[0-9=])[\w+/=.-]{8,}",
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
    refused = set()
    for path in document.keys:
        name = str(path[-2 if path[:1] == ("params",) and path[2:] == ("default",) else -1])
        text = _text(document.value, path) if _names_a_secret(name) else ""
        if text and not _REFERENCE.search(text):
            refused.add(path)
            yield problems.literal_secret(str(path[-1]), document.span(path))
    for path, value in _scalars(document.value, ()) if _HINT.search(document.text) else ():
        if path not in refused and (found := shape(str(value))):
            yield problems.secret_in_text(found, document.span(path))


def _text(value: Any, path: tuple[Key, ...]) -> str:
    """Return the scalar at a path as text, or none."""
    for key in path:
        value = value[key]
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _scalars(value: Any, path: tuple[Key, ...]) -> Iterator[tuple[tuple[Key, ...], str | int]]:
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, dict | list):
            yield from _scalars(item, (*path, key))
        elif isinstance(item, str | int) and not isinstance(item, bool):
            yield (*path, key), item


@cache
def _names_a_secret(key: str) -> bool:
    return bool(_KEY.search(key))


def shape(text: str) -> str | None:
    """Return what secret a text holds, if one; a reference in its place is none."""
    if not _HINT.search(text):
        return None
    for match in SHAPE.finditer(text):
        if not _REFERENCE.search(match["password"] or ""):
            return next(_NAMED[name] for name in _NAMED if match[name])
    return None
