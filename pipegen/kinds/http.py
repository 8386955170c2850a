"""`kind: http`: one HTTP request."""

from __future__ import annotations

from typing import Literal

from pipegen import ir
from pipegen.kinds.scope import Scope
from pipegen.model import Plain, SpecModel, Template, Value
from pipegen.references import join


class HttpKind(SpecModel):
    """One HTTP request. Any status outside 200-299 is a failure."""

    kind: Literal["http"]
    """Sends a request."""
    connection: Plain
    """The name of an `http` connection of the project."""
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    """The request's method."""
    path: Template = ""
    """Added to the connection's URL."""
    headers: dict[str, Template] = {}
    """Headers of the request."""
    query: dict[str, Template] = {}
    """Parameters of the URL."""
    body: Value = None
    """Sent as JSON."""

    def action(self, scope: Scope) -> ir.Action:
        """Return the request; report a connection that does not exist."""
        connection = scope.http(self.connection, self.span_of("connection"))
        return ir.Http(
            method=self.method,
            url=join(connection.url, self.path) if connection else self.path,
            headers=ir.Fields(tuple(self.headers.items())),
            query=ir.Fields(tuple(self.query.items())),
            body=self.body,
            token=scope.token(connection) if connection else None,
            span=self.span,
        )
