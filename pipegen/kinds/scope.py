"""What the lowering of a kind may look up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from pipegen import ir, problems
from pipegen.diagnostics import Diagnostic, Span
from pipegen.model import SpecModel, Template


class HttpConnection(SpecModel):
    """An HTTP endpoint. The secret stays in the environment."""

    kind: Literal["http"]
    """What the connection leads to."""
    url: Template
    """Where requests go; a task adds its path."""
    token: Template = None
    """A bearer token: `${ENV:NAME}`, nothing else."""


Connection = Annotated[HttpConnection, Field()]


class Scope:
    """The names a kind may refer to; collects the problems met while lowering."""

    def __init__(self, connections: Mapping[str, Connection]) -> None:
        self.connections = connections
        self.problems: list[Diagnostic] = []

    def http(self, name: str, span: Span) -> HttpConnection | None:
        """Return the HTTP connection `name`, or report that there is none."""
        if name not in self.connections:
            self.problems.append(problems.unknown_connection(name, self.connections, span))
            return None
        return self.connections[name]

    def token(self, connection: HttpConnection) -> ir.Env | None:
        """Return the variable that holds the connection's token; report a literal one."""
        if connection.token is None or isinstance(connection.token, ir.Env):
            return connection.token
        self.problems.append(problems.literal_secret("token", connection.span_of("token")))
        return None
