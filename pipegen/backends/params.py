"""Parameters of a run as generated code writes them: shared by the back ends."""

from __future__ import annotations

from collections.abc import Iterator

from pipegen import ir
from pipegen.backends.calls import leaves
from pipegen.emit import Code, literal


def uses(action: ir.Action) -> bool:
    """Whether an action is told a parameter of the run."""
    return any(isinstance(leaf, ir.ParamValue) for leaf in leaves(action))


def is_late(param: ir.Param) -> bool:
    """Whether the default of a parameter is known when a run starts."""
    return any(isinstance(leaf, ir.Env | ir.RunValue) for leaf in ir.leaves(param.default))


def is_required(param: ir.Param) -> bool:
    """Whether whoever starts a run must give a parameter."""
    return param.default is None


def default(param: ir.Param) -> Code:
    """Return the literal of a default that is known now; a date is its text."""
    return literal(float(param.default) if param.type == "number" else param.default)  # type: ignore[arg-type]


def late(pipeline: ir.Pipeline) -> Iterator[ir.Value]:
    """Yield what the defaults that are known when a run starts are made of."""
    for param in pipeline.params:
        if is_late(param):
            yield from ir.leaves(param.default)


def is_dated(pipeline: ir.Pipeline) -> bool:
    """Whether a default is told the day of the run."""
    return any(isinstance(leaf, ir.RunValue) for leaf in late(pipeline))


def is_formatted(pipeline: ir.Pipeline) -> bool:
    """Whether a default formats the day of the run."""
    return any(isinstance(leaf, ir.RunValue) and leaf.format for leaf in late(pipeline))


def reads_environment(pipeline: ir.Pipeline) -> bool:
    """Whether a default is of the environment."""
    return any(isinstance(leaf, ir.Env) for leaf in late(pipeline))
