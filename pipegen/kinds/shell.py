"""`kind: shell`: a command, run without a shell."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from pipegen import ir
from pipegen.kinds.scope import Scope
from pipegen.model import Inside, SpecModel, Template, exactly_one

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}\z")]


class ShellKind(SpecModel):
    """A command."""

    kind: Literal["shell"]
    """Runs a command."""
    command: Annotated[tuple[Template, ...], Field(min_length=1)] | None = None
    """The program and its arguments, as a list: no shell reads them."""
    script: Inside | None = None
    """A file of the project to run instead; no reference is looked for in it."""
    env: dict[Variable, Template] = {}
    """Variables added to the environment the command inherits."""
    cwd: Template = None
    """The folder it runs in; where the orchestrator runs it if left out."""

    @model_validator(mode="after")
    def _one_program(self) -> Self:
        exactly_one({"command": self.command, "script": self.script})
        return self

    def action(self, scope: Scope) -> ir.Action:
        """Return the command."""
        return ir.Shell(
            command=self.command or (),
            script=self.script,
            env=ir.Fields(tuple(self.env.items())),
            cwd=self.cwd,
            span=self.span,
        )
