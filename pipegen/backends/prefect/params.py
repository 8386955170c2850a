"""Parameters of a flow: its function has them, and each task run is given them all."""

from __future__ import annotations

from datetime import date

from pipegen import ir
from pipegen.backends import calls, params
from pipegen.backends.prefect.views import Param
from pipegen.emit import Code, braces, expression, literal
from pipegen.naming import take

_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "date": "date",
}


def declared(
    pipeline: ir.Pipeline, run: calls.Run, taken: set[str]
) -> tuple[tuple[Param, ...], Code, Code | None]:
    """Return the parameters of the flow, those that must be given first, what tasks are given
    of them, and the defaults that are known when a run starts.

    Python's words and the names of the file are no parameters: these have a `_` appended.
    """
    found = {param.name: _param(param, take(param.name, taken)) for param in pipeline.params}
    given = {param.name: _given(param, found[param.name].name) for param in pipeline.params}
    late = {
        param.name: expression(param.default, run)
        for param in pipeline.params
        if params.is_late(param)
    }
    first = [found[param.name] for param in pipeline.params if params.is_required(param)]
    others = [param for param in found.values() if param not in first]
    defaults = braces(late) if late else None
    return (*first, *others), braces(given), defaults


def _param(param: ir.Param, name: str) -> Param:
    type = _TYPES[param.type]
    default: Code | None = None
    if params.is_late(param):
        default, type = literal(None), f"{type} | None"
    elif param.type == "date" and isinstance(param.default, str):
        default = literal(date.fromisoformat(param.default))
    elif not params.is_required(param):
        default = params.default(param)
    return Param(name, Code(type), default, param.description)


def _given(param: ir.Param, name: str) -> Code:
    if param.type != "date":
        return Code(name)
    text = f"{name}.isoformat()"
    return Code(f"{name} and {text}" if params.is_late(param) else text)
