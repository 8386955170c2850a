"""Turn the names of an IR into names an orchestrator or Python accepts."""

from __future__ import annotations

import builtins
import keyword
import re

_RESERVED = frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins)))


def slug(name: str) -> str:
    """Return a task's name with everything but ASCII letters, digits and `_` made `_`.

    The dot between a transform and its node becomes `__`: `marts.fct_orders` is
    `marts__fct_orders`.
    """
    return re.sub(r"[^A-Za-z0-9_]", "_", name.replace(".", "__"))


def variable(name: str, taken: frozenset[str] = frozenset()) -> str:
    """Return a Python name for a task, apart from keywords, builtins and `taken`.

    `taken` are the names the generated file imports or defines itself.
    """
    candidate = slug(name)
    if not candidate.strip("_") or candidate.startswith("__"):
        candidate = f"node{candidate}"  # a dbt model may be called `__tmp`, or `日本`
    if candidate[0].isdigit():
        candidate = f"_{candidate}"
    while candidate in taken or candidate in _RESERVED:
        candidate = f"{candidate}_"
    return candidate


def take(name: str, taken: set[str]) -> str:
    """Return a variable for `name` that nothing else in a file has, and take it."""
    free = variable(name, frozenset(taken))
    taken.add(free)
    return free
