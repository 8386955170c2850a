"""Where findings are shown, and what their files are called there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TextIO

from pipegen.diagnostics import Diagnostic
from pipegen.report import Format, render

_TOPS = {
    Format.GITHUB: "GITHUB_WORKSPACE",
    Format.GITLAB: "CI_PROJECT_DIR",
    Format.SARIF: "GITHUB_WORKSPACE",
}
"""The variables that name the top of the checkout, by the format their owner reads."""


def report(
    found: Iterable[Diagnostic], root: Path, output_format: Format | None, stream: TextIO
) -> None:
    """Print findings; their files are named from the working folder, as a terminal opens them.

    A code review wants names from the top of the checkout.
    """
    if output_format is None:
        github = os.environ.get("GITHUB_ACTIONS") == "true"
        output_format = Format.GITHUB if github else Format.HUMAN
    top = os.environ.get(_TOPS.get(output_format, ""))
    start = Path(top or Path.cwd()).resolve()

    def source(file: str) -> str | None:
        try:
            return (start / file).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            return None

    color = stream.isatty() and not os.environ.get("NO_COLOR")
    way = prefix(root, start)
    ordered = tuple(problem.below(way) for problem in sorted(found, key=lambda d: d.sort_key))
    if ordered or output_format.is_document:
        print(render(ordered, output_format, source, color), file=stream)


def prefix(root: Path, start: Path) -> PurePosixPath:
    """Return the way from a folder to the project."""
    return PurePosixPath(Path(os.path.relpath(root, start)).as_posix())
