"""`kind: http`: one HTTP request."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from pipegen import ir
from pipegen.kinds.scope import Scope
from pipegen.model import Plain, SpecModel, Template, Value


def _status(raw: Any) -> Any:
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw


_Written = (
    Annotated[str, Field(pattern="^[1-5]([0-9][0-9]|xx)$")] | Annotated[int, Field(ge=100, le=599)]
)
Status = Annotated[
    str,
    StringConstraints(pattern=r"^[1-5]([0-9][0-9]|xx)\z"),
    BeforeValidator(_status, json_schema_input_type=_Written),
]


class HttpKind(SpecModel):
    """One HTTP request."""

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
    expect: Annotated[tuple[Status, ...], Field(min_length=1)] = ("2xx",)
    """The statuses that mean success, as `2xx` or `404`; any other is a failure."""

    def action(self, scope: Scope) -> ir.Action:
        """Return the request; report a connection that does not exist."""
        connection = scope.connection(self, self.connection, ("http",))
        settings = dict(connection.settings.items)
        url, token = settings.get("url", ""), settings.get("token")
        return ir.Http(
            method=self.method,
            url=ir.join(url if isinstance(url, str | ir.Env | ir.Text) else str(url), self.path),
            headers=ir.Fields(tuple(self.headers.items())),
            query=ir.Fields(tuple(self.query.items())),
            body=self.body,
            token=token if isinstance(token, ir.Env) else None,
            expect=self.expect,
            span=self.span,
        )
