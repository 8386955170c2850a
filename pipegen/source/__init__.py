"""Read YAML into plain values that know where they were written.

What a reviewer cannot see, what parsers read differently, and what expands in memory is
refused, with its place.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipegen import problems
from pipegen.diagnostics import CompileError, Diagnostic, Span
from pipegen.source.characters import FORBIDDEN
from pipegen.source.composer import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_PROBLEMS,
    MAX_SCALAR,
    Composer,
)
from pipegen.source.document import Document, Key, at

MAX_SIZE = 2_000_000

__all__ = [
    "MAX_DEPTH",
    "MAX_NODES",
    "MAX_PROBLEMS",
    "MAX_SCALAR",
    "MAX_SIZE",
    "Document",
    "Key",
    "decode",
    "parse",
    "read",
]


def read(path: Path, file: str) -> Document:
    """Read the file at `path`, which people know as `file`; raise CompileError if it is at fault.

    Only a regular file is opened, and no more of it is read than the limit allows.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CompileError([problems.unreadable("it is not a regular file", Span(file))])
        with path.open("rb") as stream:
            data = stream.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CompileError([problems.unreadable(reason, Span(file))]) from error
    return decode(data, file)


def decode(data: bytes, file: str) -> Document:
    """Parse the bytes of `file`; raise CompileError if they are at fault."""
    if len(data) > MAX_SIZE:
        raise CompileError([problems.too_large("file size in bytes", MAX_SIZE, Span(file))])
    try:
        return parse(data.decode("utf-8"), file)
    except UnicodeDecodeError as error:
        lines = data[: error.start].decode("utf-8").split("\n")
        span = at(file, len(lines) - 1, len(lines[-1]))
        raise CompileError([problems.unreadable("it is not UTF-8 text", span)]) from None


def parse(text: str, file: str) -> Document:
    """Parse the text of `file`; raise CompileError with every fault that can be known at once."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_SIZE:
        raise CompileError([problems.too_large("file size in characters", MAX_SIZE, Span(file))])
    if hidden := tuple(islice(_hidden(text, file), MAX_PROBLEMS)):
        raise CompileError(hidden)
    return Composer(text, file).document()


def _hidden(text: str, file: str) -> Iterator[Diagnostic]:
    line = start = 0
    for match in FORBIDDEN.finditer(text):
        line += text.count("\n", start, match.start())
        start = match.start()
        span = at(file, line, start - text.rfind("\n", 0, start) - 1)
        yield problems.forbidden_character(ord(match[0]), span)
