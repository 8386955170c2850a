"""Parameters that are no text, where an action takes nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pipegen import ir
from pipegen.spec import ParamSpec

_TEXTS = ("string", "date")


def as_text(action: ir.Action, params: Mapping[str, ParamSpec]) -> ir.Action:
    """Return the action with the text of each such parameter in its place."""

    def text(value: ir.Value) -> ir.Value:
        match value:
            case ir.ParamValue(name) if name in params and params[name].type not in _TEXTS:
                return ir.Text((value,))
        return value

    def texts(fields: ir.Fields) -> ir.Fields:
        return ir.Fields(tuple((name, text(value)) for name, value in fields.items))

    match action:
        case ir.Shell():
            command = tuple(map(text, action.command))
            return replace(action, command=command, env=texts(action.env), cwd=text(action.cwd))
        case ir.Http():
            return replace(action, url=text(action.url), headers=texts(action.headers))
        case ir.Dbt():
            return replace(action, env=texts(action.env))
    return action
