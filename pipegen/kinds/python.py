"""`kind: python`: a call of a function of the user's."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from pipegen import ir
from pipegen.emit import EmissionError, argument, dotted
from pipegen.kinds.scope import Scope
from pipegen.model import Name, Plain, SpecModel, Value, looks

_WRITTEN = r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*:[A-Za-z_][A-Za-z0-9_]*"
_CALLABLE = re.compile(r"([\w.]+):(\w+)", re.ASCII)


def _callable(text: str) -> str:
    match = _CALLABLE.fullmatch(text)
    try:
        if match and dotted(f"{match[1]}.{match[2]}"):
            return text
    except EmissionError:
        pass
    raise PydanticCustomError("callable", "'module:function', as in 'shop.ingest:load'")


def _argument(text: str) -> str:
    try:
        argument(text)
    except EmissionError:
        raise PydanticCustomError("argument", "the name of a keyword argument") from None
    return text


class PythonKind(SpecModel):
    """A call of a Python function."""

    kind: Literal["python"]
    """Runs a function of yours."""
    callable: Annotated[Plain, AfterValidator(_callable), looks(_WRITTEN, "shop.ingest:load")]
    """The function, as `module:function`; imported when the task runs."""
    args: dict[
        Annotated[str, AfterValidator(_argument), looks("[A-Za-z_][A-Za-z0-9_]*")], Value
    ] = {}
    """Its keyword arguments."""
    outputs: tuple[Name, ...] = ()
    """Keys of the mapping it returns, which later tasks use as `{{ tasks.<name>.<output> }}`."""

    def action(self, scope: Scope) -> ir.Action:
        """Return the call."""
        module, _, function = self.callable.partition(":")
        return ir.Python(
            module=module,
            function=function,
            args=ir.Fields(tuple(self.args.items())),
            span=self.span,
        )
