"""Jobs of a service, which are started there and waited for."""

from __future__ import annotations

from typing import Literal

from pipegen import ir
from pipegen.kinds.scope import Scope
from pipegen.model import Plain, Scalar, SpecModel, Template


class RemoteKind(SpecModel):
    """A job of a service."""

    connection: Plain
    """The name of a connection of the project, of the same kind."""

    def job(self) -> dict[str, ir.Value]:
        """Return what tells the service which job to run."""
        raise NotImplementedError

    def action(self, scope: Scope) -> ir.Action:
        """Return the job; report a connection that is not to its service."""
        service: str = self.kind  # type: ignore[attr-defined]
        connection = scope.connection(self, self.connection, (service,))
        job = ir.Fields(tuple(self.job().items()))
        return ir.RemoteJob(service=service, connection=connection, job=job, span=self.span)


class AirbyteKind(RemoteKind):
    """A sync of an Airbyte connection."""

    kind: Literal["airbyte"]
    """Runs a sync in Airbyte."""
    connection_id: Scalar
    """The id of the connection in Airbyte."""

    def job(self) -> dict[str, ir.Value]:
        """Return the connection to sync."""
        return {"connection_id": self.connection_id}


class FivetranKind(RemoteKind):
    """A sync of a Fivetran connector."""

    kind: Literal["fivetran"]
    """Runs a sync in Fivetran."""
    connector_id: Scalar
    """The id of the connector in Fivetran."""

    def job(self) -> dict[str, ir.Value]:
        """Return the connector to sync."""
        return {"connector_id": self.connector_id}


class HightouchKind(RemoteKind):
    """A Hightouch sync."""

    kind: Literal["hightouch"]
    """Runs a sync in Hightouch."""
    sync_id: Scalar
    """The id of the sync in Hightouch."""

    def job(self) -> dict[str, ir.Value]:
        """Return the sync to run."""
        return {"sync_id": self.sync_id}


class CensusKind(RemoteKind):
    """A Census sync."""

    kind: Literal["census"]
    """Runs a sync in Census."""
    sync_id: Scalar
    """The id of the sync in Census."""

    def job(self) -> dict[str, ir.Value]:
        """Return the sync to run."""
        return {"sync_id": self.sync_id}


class DbtCloudKind(RemoteKind):
    """A dbt Cloud job."""

    kind: Literal["dbt_cloud"]
    """Runs a job in dbt Cloud."""
    job_id: Scalar
    """The id of the job in dbt Cloud."""
    steps_override: tuple[Template, ...] = ()
    """dbt commands to run instead of the job's own."""

    def job(self) -> dict[str, ir.Value]:
        """Return the job to run, and its steps if they are other than its own."""
        steps = {"steps_override": ir.Items(self.steps_override)} if self.steps_override else {}
        return {"job_id": self.job_id, **steps}
