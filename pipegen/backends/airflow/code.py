"""Pieces of code of a DAG file: what tasks share, their variables, and calls that fit a line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from pipegen import ir, naming
from pipegen.backends.calls import fits, items
from pipegen.emit import Code, brackets, identifier, indented, literal

Keywords = Mapping[str, Code]
"""The keyword arguments of a call, in the order printed."""

BRACE = "{{ '{' }}"
"""What Airflow fills in with a brace."""

_LONGEST_NAME = 40
_OPTIONAL = ("owner", "retry_policy", "pool")
_SHARED = ("owner", "retries", "retry_delay", "retry_policy", "execution_timeout", "pool")


def present(**keywords: Code | None) -> Keywords:
    """Return the arguments that are not None."""
    return {name: code for name, code in keywords.items() if code is not None}


def settings(task: ir.Task, pipeline: ir.Pipeline) -> Keywords:
    """Return the arguments of a task that `default_args` may hold; an installation may have
    defaults of its own, so that nothing but an owner is left out.
    """
    owner = task.owner or pipeline.owner
    return present(
        owner=literal(owner) if owner else None,
        retries=literal(task.retries.count),
        retry_delay=literal(task.retries.delay) if task.retries.count else None,
        execution_timeout=literal(task.timeout),
    )


def common(each: Collection[Keywords]) -> Keywords:
    """Return the settings that most tasks have; one that a task may lack only if all have it."""
    found = {name: [task[name] for task in each if name in task] for name in _SHARED}
    return {
        name: Counter(codes).most_common(1)[0][0]
        for name, codes in found.items()
        if codes and (name not in _OPTIONAL or len(codes) == len(each))
    }


def beyond(known: Keywords, keywords: Keywords) -> Keywords:
    """Return the arguments that are not known already."""
    return {name: code for name, code in keywords.items() if known.get(name) != code}


def note(task: ir.Task) -> str:
    """Return what a task's documentation says: its description and its tags."""
    tags = f"Tags: {', '.join(task.tags)}" if task.tags else ""
    return "\n\n".join(filter(None, (task.description, tags)))


def take(name: str, taken: set[str]) -> str:
    """Return a variable for `name`, short enough for the lines it stands in, and take it."""
    return naming.take(name[:_LONGEST_NAME].rstrip("_"), taken)


def variables(tasks: Iterable[ir.Task], taken: set[str]) -> dict[str, str]:
    """Return each task's variable: without its group, unless two tasks would share it."""
    short = {task.name: task.name.removeprefix(f"{task.group}.") for task in tasks}
    count = Counter(short.values())
    return {name: take(own if count[own] == 1 else name, taken) for name, own in short.items()}


def plain(text: str) -> str:
    """Return text for a field in which Airflow expands templates, so that it stays as it is."""
    return re.sub(r"\{(?=[{%#])", BRACE, text)


def wait(upstream: list[str], name: str) -> Code:
    """Return the statement that makes a task wait for others."""
    codes = [identifier(other) for other in upstream]
    before = codes[0] if len(codes) == 1 else items(codes, beside=len(name) + 8)
    line = f"{before} >> {identifier(name)}"
    return Code(line if "\n" in line or fits(line, 4) else f"{brackets(codes)} >> {name}")


def wrapped(callee: str, argument: Code, beside: int) -> Code:
    """Return a call with one argument, on a line of its own if need be."""
    line = f"{callee}({argument})"
    return Code(line if fits(line, beside) else f"{callee}(\n    {indented(argument, 4)},\n)")


def joined(base: str, path: PurePosixPath, beside: int) -> Code:
    """Return the expression for a path below `base`."""
    line = f"{base} / {literal(str(path))}"
    return Code(line) if fits(line, beside) else wrapped(f"{base}.joinpath", literal(str(path)), 88)


def assets(keyword: str, unique_ids: Iterable[str], width: int) -> Code | None:
    """Return a list of assets for an argument that stands `width` to the right."""
    codes = [wrapped("Asset", literal(key), beside=width + 5) for key in unique_ids]
    return items(codes, beside=width + len(keyword) + 2) if codes else None


def imported(names: Iterable[str], beside: int) -> Code:
    """Return the names an import statement lists."""
    codes = [identifier(name) for name in names]
    line = ", ".join(codes)
    lines = "".join(f"    {code},\n" for code in codes)
    return Code(line if fits(line, beside) else f"(\n{lines})")
