"""Calls as generated code writes them, and what they are given: shared by the back ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

from pipegen import ir
from pipegen.emit import Code, argument, brackets, expression, indented, literal

_WIDTH = 88
_T = TypeVar("_T")


class Given(dict[ir.RunField | ir.ParamValue, str]):
    """The expressions for what a task knows of its run: its day, and its parameters.

    A parameter is an item of the mapping that is called `params`.
    """

    def __init__(self, day: str, params: str = "params") -> None:
        super().__init__({ir.RunField.DATE: day})
        self._params = params

    def __missing__(self, key: ir.RunField | ir.ParamValue) -> str:
        """Return the item of a parameter; raise KeyError for a fact no back end tells."""
        if isinstance(key, ir.ParamValue):
            return f"{self._params}[{literal(key.name)}]"
        raise KeyError(key)


Run = Mapping[ir.RunField | ir.ParamValue, str]


def leaves(action: ir.Action) -> Iterator[ir.Value]:
    """Yield the scalars and references an action is made of."""
    for value in ir.values(action):
        yield from ir.leaves(value)


def formats(action: ir.Action) -> bool:
    """Whether an action formats a day, for which the file imports `date`."""
    return any(
        isinstance(leaf, ir.RunValue | ir.ParamValue) and leaf.format for leaf in leaves(action)
    )


def shell(action: ir.Shell, timeout: timedelta | None, run: Run) -> Code:
    """Return the arguments of `subprocess.run`, called one level deep."""
    named = {} if action.cwd is None else {"cwd": expression(action.cwd, run)}
    if action.env.items:
        added = expression(action.env, run)
        named["env"] = Code(added.replace("{", "{\n    **os.environ,", 1))
    if timeout:
        named["timeout"] = seconds(timeout)
    named["check"] = literal(True)
    command = items([expression(part, run) for part in action.command], beside=9)
    return arguments((command,), named, beside=20)


def http(action: ir.Http, run: Run, beside: int) -> Code:
    """Return the arguments of httpx's `request`, but for the timeout."""
    bearer = (("Authorization", ir.Text(("Bearer ", action.token))),) if action.token else ()
    sent = ir.Fields((*action.headers.items, *bearer))
    given = {"headers": expression(sent, run)} if sent.items else {}
    if action.body is not None:
        given["json"] = expression(action.body, run)
    return arguments((literal(action.method), _url(action, run)), given, beside)


def arguments(first: Sequence[Code], named: Mapping[str, Code], beside: int) -> Code:
    """Return a call's arguments, on one line if they fit there beside that many characters."""
    given = [*first, *(Code(f"{argument(name)}={value}") for name, value in named.items())]
    line = ", ".join(given)
    if not given or fits(line, beside):
        return Code(line)
    return Code("".join(f"\n    {indented(item, 4)}," for item in given) + "\n")


def items(codes: Sequence[Code], beside: int) -> Code:
    """Return a list, on one line if it fits there beside that many other characters."""
    line = f"[{', '.join(codes)}]"
    return Code(line) if fits(line, beside) else brackets(codes)


def usual(values: Iterable[_T | None]) -> _T | None:
    """Return the value that most have, if two or more have it."""
    found = Counter(value for value in values if value is not None).most_common(1)
    return next((value for value, count in found if count > 1), None)


def fits(line: str, beside: int) -> bool:
    """Whether black leaves `line` as it is beside that many other characters."""
    return line.isascii() and "\n" not in line and len(line) + beside <= _WIDTH


def seconds(duration: timedelta) -> Code:
    """Return a duration in seconds, as an int where it is a whole number."""
    number = duration.total_seconds()
    return literal(int(number) if number == int(number) else number)


def _url(action: ir.Http, run: Run) -> Code:
    """Return the URL with the query added: httpx's `params` would replace one it has."""
    url = expression(action.url, run)
    if not action.query.items:
        return url
    query = indented(expression(action.query, run), 4)
    return Code(f"httpx.URL(\n    {indented(url, 4)},\n).copy_merge_params(\n    {query}\n)")
