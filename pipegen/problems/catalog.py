"""Find the constructor of each code, whose docstring documents it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from functools import cache
from types import FunctionType, MappingProxyType

_CODE = re.compile(r"PG\d{3}")


@cache
def constructors() -> Mapping[str, FunctionType]:
    """Return the constructor of each code: the function that has the code among its constants."""
    from pipegen import problems

    found: dict[str, FunctionType] = {}
    for name in problems.__all__:
        function: FunctionType = getattr(problems, name)
        for constant in function.__code__.co_consts:
            if isinstance(constant, str) and _CODE.fullmatch(constant):
                found[constant] = function
    return MappingProxyType(dict(sorted(found.items())))


def title(code: str) -> str:
    """Return the first line of a code's documentation, or the code itself if it is unknown."""
    constructor = constructors().get(code)
    return (inspect.getdoc(constructor) or code).partition("\n")[0] if constructor else code
