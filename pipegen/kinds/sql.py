"""`kind: sql`: statements for a warehouse."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import model_validator

from pipegen import ir
from pipegen.kinds.connections import WAREHOUSES
from pipegen.kinds.scope import Scope
from pipegen.model import Inside, Plain, SpecModel, Template, exactly_one


class SqlKind(SpecModel):
    """Statements for a warehouse."""

    kind: Literal["sql"]
    """Runs SQL."""
    connection: Plain
    """The name of a warehouse connection of the project."""
    sql: Template = None
    """The statements."""
    file: Inside | None = None
    """The file that holds the statements, as they are: no reference is looked for in it."""

    @model_validator(mode="after")
    def _from_one_place(self) -> Self:
        exactly_one({"sql": self.sql, "file": self.file})
        return self

    def action(self, scope: Scope) -> ir.Action:
        """Return the statements; report a connection that takes none."""
        connection = scope.connection(self, self.connection, WAREHOUSES)
        return ir.Sql(connection=connection, sql=self.sql, file=self.file, span=self.span)
