"""What tasks connect to. A secret is always a reference to the environment."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipegen import ir
from pipegen.model import Secret, Setting, SpecModel, exactly_one


class ConnectionSpec(SpecModel):
    """A logical name for something outside: where it is, and what opens it."""

    def lowered(self, name: str) -> ir.Connection:
        """Return the connection as the IR has it."""
        kind: str = self.kind  # type: ignore[attr-defined]
        return ir.Connection(name=name, kind=kind, settings=settings(self), span=self.span)


def settings(spec: SpecModel) -> ir.Fields:
    """Return what a connection or a channel says beside its kind."""
    given = ((key, getattr(spec, key)) for key in type(spec).model_fields if key != "kind")
    return ir.Fields(tuple((key, value) for key, value in given if value is not None))


class HttpConnection(ConnectionSpec):
    """An HTTP endpoint."""

    kind: Literal["http"]
    """An HTTP endpoint."""
    url: Setting
    """Where requests go; a task adds its path."""
    token: Secret = None
    """A bearer token: `${ENV:NAME}`, nothing else."""


class AirbyteConnection(ConnectionSpec):
    """An Airbyte workspace."""

    kind: Literal["airbyte"]
    """An Airbyte workspace."""
    url: Setting
    """The address of its API."""
    token: Secret
    """An API token: `${ENV:NAME}`, nothing else."""


class FivetranConnection(ConnectionSpec):
    """A Fivetran account."""

    kind: Literal["fivetran"]
    """A Fivetran account."""
    key: Secret
    """The API key: `${ENV:NAME}`, nothing else."""
    secret: Secret
    """The API secret: `${ENV:NAME}`, nothing else."""


class HightouchConnection(ConnectionSpec):
    """A Hightouch workspace."""

    kind: Literal["hightouch"]
    """A Hightouch workspace."""
    token: Secret
    """An API token: `${ENV:NAME}`, nothing else."""


class CensusConnection(ConnectionSpec):
    """A Census workspace."""

    kind: Literal["census"]
    """A Census workspace."""
    token: Secret
    """The workspace's access token: `${ENV:NAME}`, nothing else."""


class DbtCloudConnection(ConnectionSpec):
    """A dbt Cloud account."""

    kind: Literal["dbt_cloud"]
    """A dbt Cloud account."""
    account_id: Setting
    """The account's number."""
    token: Secret
    """A service token: `${ENV:NAME}`, nothing else."""
    url: Setting = "https://cloud.getdbt.com"
    """The account's access URL."""


class DuckdbConnection(ConnectionSpec):
    """A DuckDB database."""

    kind: Literal["duckdb"]
    """A DuckDB database."""
    path: Setting
    """Its file."""


class PostgresConnection(ConnectionSpec):
    """A PostgreSQL database."""

    kind: Literal["postgres"]
    """A PostgreSQL database."""
    host: Setting
    """The server."""
    port: Setting = 5432
    """The server's port."""
    database: Setting
    """The database on it."""
    user: Setting
    """Who connects."""
    password: Secret
    """The password: `${ENV:NAME}`, nothing else."""


class SnowflakeConnection(ConnectionSpec):
    """A Snowflake account."""

    kind: Literal["snowflake"]
    """A Snowflake account."""
    account: Setting
    """The account's identifier."""
    user: Setting
    """Who connects."""
    password: Secret = None
    """The password, if it has no key: `${ENV:NAME}`, nothing else."""
    private_key: Secret = None
    """The private key, if it has no password: `${ENV:NAME}`, nothing else."""
    database: Setting = None
    """The database."""
    warehouse: Setting = None
    """The virtual warehouse."""
    role: Setting = None
    """The role."""

    @model_validator(mode="after")
    def _opened_by_one(self) -> Self:
        exactly_one({"password": self.password, "private_key": self.private_key})
        return self


class BigqueryConnection(ConnectionSpec):
    """A BigQuery project."""

    kind: Literal["bigquery"]
    """A BigQuery project."""
    project: Setting
    """The Google Cloud project."""
    dataset: Setting = None
    """The default dataset."""
    location: Setting = None
    """Where jobs run."""
    keyfile: Setting = None
    """The path of a service account's key; the machine's own account if left out."""


Connection = Annotated[
    HttpConnection
    | AirbyteConnection
    | FivetranConnection
    | HightouchConnection
    | CensusConnection
    | DbtCloudConnection
    | DuckdbConnection
    | PostgresConnection
    | SnowflakeConnection
    | BigqueryConnection,
    Field(discriminator="kind"),
]

WAREHOUSES = ("duckdb", "postgres", "snowflake", "bigquery")
"""The kinds of connection that take SQL."""
