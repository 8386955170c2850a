"""Where findings are shown, and what their files are called there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TextIO

from pipegen.bounded import read_bytes
from pipegen.diagnostics import Diagnostic
from pipegen.opening import ProjectError
from pipegen.report import Format, render
from pipegen.source import MAX_SIZE

_TOPS = {
    Format.GITHUB: "GITHUB_WORKSPACE",
    Format.GITLAB: "CI_PROJECT_DIR",
    Format.SARIF: "GITHUB_WORKSPACE",
}
"""The variables that name the top of the checkout, by the format their owner reads."""


def report(
    found: Iterable[Diagnostic],
    root: Path,
    output_format: Format | None,
    stream: TextIO,
    texts: Mapping[str, bytes] | None = None,
) -> None:
    """Print findings; their files are named from the working folder, as a terminal opens them.

    A code review wants names from the top of the checkout. `texts` are what files of the
    project hold instead of what is on disk.
    """
    from pipegen.project import leads_out

    if output_format is None:
        github = os.environ.get("GITHUB_ACTIONS") == "true"
        output_format = Format.GITHUB if github else Format.HUMAN
    top = os.environ.get(_TOPS.get(output_format, ""))
    start = Path(top or Path.cwd()).resolve()

    unwritten = {str(prefix(root, start) / file): text for file, text in (texts or {}).items()}

    def source(file: str) -> str | None:
        try:
            if file in unwritten:
                return unwritten[file].decode("utf-8-sig")
            path = start / file
            if leads_out(path, root):
                return None
            return read_bytes(path, MAX_SIZE).decode("utf-8-sig")
        except (OSError, ValueError):
            return None

    color = stream.isatty() and not os.environ.get("NO_COLOR")
    way = prefix(root, start)
    ordered = tuple(problem.below(way) for problem in sorted(found, key=lambda d: d.sort_key))
    if ordered or output_format.is_document:
        print(render(ordered, output_format, source, color), file=stream)


FINDINGS, REFUSED = 1, 3


class Faulty(Exception):
    """Findings that end a command, and that have been printed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@contextmanager
def faults(output_format: Format | None, stream: TextIO) -> Iterator[None]:
    """Print the faults of a project that is opened within, and end the command by Faulty."""
    try:
        yield
    except ProjectError as error:
        report(error.diagnostics, error.root, output_format, stream, error.texts)
        raise Faulty(code(error.diagnostics)) from None


def code(found: Iterable[Diagnostic]) -> int:
    """Return the exit code findings ask for: warnings ask for none."""
    errors = [problem for problem in found if problem.is_error]
    if any(problem.refusal for problem in errors):
        return REFUSED
    return FINDINGS if errors else 0


def prefix(root: Path, start: Path) -> PurePosixPath:
    """Return the way from a folder to the project."""
    return PurePosixPath(Path(os.path.relpath(root, start)).as_posix())
