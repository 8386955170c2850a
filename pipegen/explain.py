"""What each diagnostic means, with an example: `pipegen explain`, and `docs/diagnostics.md`.

The meaning is the docstring of the code's constructor; the example is a file of its own, in
`problems/examples/`.
"""

from __future__ import annotations

import inspect
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from pipegen import problems
from pipegen.problems.catalog import constructors, title
from pipegen.resources import resource

PAGE = "diagnostics.md"
_HEAD = """\
<!-- Written by `python -m pipegen.explain`, from `pipegen/problems/`. -->

# Diagnostics

What each code means, with an example; `pipegen explain PG101` prints one in the terminal.
An example's file is `pipelines/example.yaml` where its first line names no other.
"""


def codes() -> tuple[str, ...]:
    """Return every code pipegen can give, in order."""
    return tuple(constructors())


def explain(code: str) -> str:
    """Return what a code means, as Markdown; raise KeyError if there is no such code."""
    meaning = inspect.getdoc(constructors()[code]) or ""
    example = files(problems).joinpath("examples", f"{code}.md").read_text(encoding="utf-8")
    return f"# {code}\n\n{meaning}\n\n{example}"


def page() -> str:
    """Return the page of all codes, by family, with a table of contents."""
    families = [(family, tuple(of)) for family, of in groupby(codes(), _family)]
    contents = [
        f"**{family}**\n\n" + "\n".join(f"- [{code}](#{code.lower()}) {title(code)}" for code in of)
        for family, of in families
    ]
    sections = [
        "\n".join((f"## {family}\n", *(f"##{explain(code)}" for code in of)))
        for family, of in families
    ]
    return "\n".join((_HEAD, "\n\n".join(contents) + "\n", *sections))


def write(folder: Path) -> None:
    """Write the page to `folder`."""
    (folder / PAGE).write_text(page(), encoding="utf-8")


def _family(code: str) -> str:
    """Return the first line of the module a code's constructor is in, which names its family."""
    module = inspect.getmodule(constructors()[code])
    return (inspect.getdoc(module) or "").partition("\n")[0].rstrip(".")


if __name__ == "__main__":
    write(resource("docs"))
