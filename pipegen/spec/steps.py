"""The tasks of a pipeline: sources, transforms, checks and activations, each by its kind."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from pipegen.kinds.http import HttpKind
from pipegen.kinds.python import PythonKind
from pipegen.kinds.remote import (
    AirbyteKind,
    CensusKind,
    DbtCloudKind,
    FivetranKind,
    HightouchKind,
)
from pipegen.kinds.shell import ShellKind
from pipegen.kinds.sql import SqlKind
from pipegen.model import (
    Names,
    SpecModel,
    refuse,
)
from pipegen.spec.dbt import DbtTransform
from pipegen.spec.task import TaskSpec


class FreshnessSpec(SpecModel):
    """Whether the data is as new as dbt's own thresholds for the source tables ask for."""

    on_stale: Literal["block", "alert"]
    """`block` fails what reads stale data before it starts; `alert` only tells."""


class SourceKeys(TaskSpec):
    """An ingestion task: what brings data in."""

    loads: Names = ()
    """The dbt source tables it fills, as `source.table`."""
    freshness: FreshnessSpec | None = None
    """Whether readers wait for dbt to find the loaded tables fresh."""

    @model_validator(mode="after")
    def _fresh_is_what_it_loads(self) -> Self:
        if self.freshness is not None and not self.loads:
            raise refuse("needs", "missing", key="loads")
        return self


class PythonSource(PythonKind, SourceKeys):
    """An ingestion task that calls a Python function."""


class ShellSource(ShellKind, SourceKeys):
    """An ingestion task that runs a command."""


class HttpSource(HttpKind, SourceKeys):
    """An ingestion task that sends an HTTP request."""


class SqlSource(SqlKind, SourceKeys):
    """An ingestion task that runs SQL."""


class AirbyteSource(AirbyteKind, SourceKeys):
    """An ingestion task that runs a sync in Airbyte."""


class FivetranSource(FivetranKind, SourceKeys):
    """An ingestion task that runs a sync in Fivetran."""


Source = Annotated[
    PythonSource | ShellSource | HttpSource | SqlSource | AirbyteSource | FivetranSource,
    Field(discriminator="kind"),
]


class TransformKeys(TaskSpec):
    """A transform that is not dbt's own."""

    reads: Names = ()
    """The dbt models and source tables it uses: it waits for what makes them."""
    loads: Names = ()
    """The dbt source tables it fills: what reads these waits for it."""


class DbtCloudTransform(DbtCloudKind, TransformKeys):
    """A job in dbt Cloud."""


class PythonTransform(PythonKind, TransformKeys):
    """A transform that calls a Python function."""


class SqlTransform(SqlKind, TransformKeys):
    """A transform that runs SQL."""


class ShellTransform(ShellKind, TransformKeys):
    """A transform that runs a command."""


def _kind(raw: Any) -> Any:
    kind = raw.get("kind", "dbt") if isinstance(raw, dict) else "dbt"
    return kind if isinstance(kind, str) else str(kind)


Transform = Annotated[
    Annotated[DbtTransform, Tag("dbt")]
    | Annotated[DbtCloudTransform, Tag("dbt_cloud")]
    | Annotated[PythonTransform, Tag("python")]
    | Annotated[SqlTransform, Tag("sql")]
    | Annotated[ShellTransform, Tag("shell")],
    Discriminator(_kind),
]


class CheckKeys(TaskSpec):
    """A question about the data, answered before what waits for it."""

    if_false: Literal["fail", "skip", "warn"] = "fail"
    """What a no does: fail the check, have what waits for it skipped, or only warn."""
    reads: Names = ()
    """The dbt models and source tables it looks at: it waits for what makes them."""


class SqlCheck(SqlKind, CheckKeys):
    """A query whose one value is true or false."""


class PythonCheck(PythonKind, CheckKeys):
    """A Python function that returns true or false."""


class HttpCheck(HttpKind, CheckKeys):
    """A request that gets an expected status, or not."""


Check = Annotated[SqlCheck | PythonCheck | HttpCheck, Field(discriminator="kind")]


class ActivationKeys(TaskSpec):
    """What leaves: files, webhooks, reverse ETL."""

    reads: Names = ()
    """The dbt models it uses; it starts as soon as they are built and tested."""


class PythonActivation(PythonKind, ActivationKeys):
    """An activation that calls a Python function."""


class ShellActivation(ShellKind, ActivationKeys):
    """An activation that runs a command."""


class HttpActivation(HttpKind, ActivationKeys):
    """An activation that sends an HTTP request."""


class SqlActivation(SqlKind, ActivationKeys):
    """An activation that runs SQL."""


class HightouchActivation(HightouchKind, ActivationKeys):
    """An activation that runs a sync in Hightouch."""


class CensusActivation(CensusKind, ActivationKeys):
    """An activation that runs a sync in Census."""


Activation = Annotated[
    PythonActivation
    | ShellActivation
    | HttpActivation
    | SqlActivation
    | HightouchActivation
    | CensusActivation,
    Field(discriminator="kind"),
]
