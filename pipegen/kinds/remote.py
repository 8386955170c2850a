"""Jobs of a service, which are started there and waited for."""

from __future__ import annotations

from typing import ClassVar, Literal

from pipegen import ir
from pipegen.kinds.scope import Scope
from pipegen.model import Plain, Scalar, SpecModel, Template


class RemoteKind(SpecModel):
    """A job of a service; `JOB` are the keys that tell the service which."""

    JOB: ClassVar[tuple[str, ...]]

    connection: Plain
    """The name of a connection of the project, of the same kind."""

    def action(self, scope: Scope) -> ir.Action:
        """Return the job; report a connection that is not to its service."""
        service: str = self.kind  # type: ignore[attr-defined]
        connection = scope.connection(self, self.connection, (service,))
        given = ((key, getattr(self, key)) for key in self.JOB)
        job = tuple((k, ir.Items(v) if isinstance(v, tuple) else v) for k, v in given if v != ())
        return ir.RemoteJob(
            service=service, connection=connection, job=ir.Fields(job), span=self.span
        )


class AirbyteKind(RemoteKind):
    """A sync of an Airbyte connection."""

    JOB = ("connection_id",)

    kind: Literal["airbyte"]
    """Runs a sync in Airbyte."""
    connection_id: Scalar
    """The id of the connection in Airbyte."""


class FivetranKind(RemoteKind):
    """A sync of a Fivetran connector."""

    JOB = ("connector_id",)

    kind: Literal["fivetran"]
    """Runs a sync in Fivetran."""
    connector_id: Scalar
    """The id of the connector in Fivetran."""


class HightouchKind(RemoteKind):
    """A Hightouch sync."""

    JOB = ("sync_id",)

    kind: Literal["hightouch"]
    """Runs a sync in Hightouch."""
    sync_id: Scalar
    """The id of the sync in Hightouch."""


class CensusKind(RemoteKind):
    """A Census sync."""

    JOB = ("sync_id",)

    kind: Literal["census"]
    """Runs a sync in Census."""
    sync_id: Scalar
    """The id of the sync in Census."""


class DbtCloudKind(RemoteKind):
    """A dbt Cloud job."""

    JOB = ("job_id", "steps_override")

    kind: Literal["dbt_cloud"]
    """Runs a job in dbt Cloud."""
    job_id: Scalar
    """The id of the job in dbt Cloud."""
    steps_override: tuple[Template, ...] = ()
    """dbt commands to run instead of the job's own."""
