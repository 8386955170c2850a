"""Where dbt runs on Airflow, and with what connection."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pipegen.kinds.shell import Variable
from pipegen.model import Name, Setting, SpecModel, Word, looks, refuse

_RANGE = r"(==|>=|<=|~=|!=|<|>) *[0-9][A-Za-z0-9.*+!]*"
_REQUIREMENT = re.compile(
    rf"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9._,-]+\])?( *{_RANGE}( *, *{_RANGE})*)?"
)
_FOLDER = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9_.-]*)+")


def _requirement(text: str) -> str:
    if not _REQUIREMENT.fullmatch(text):
        raise refuse("requirement", "a package and its versions, as in `dbt-duckdb>=1.10,<2`")
    return text


def _folder(text: str) -> str:
    if not _FOLDER.fullmatch(text):
        raise refuse("folder", "a folder of the image, as in `/app`")
    return text


Requirement = Annotated[str, AfterValidator(_requirement), looks(_REQUIREMENT.pattern)]
"""A package of the index, and its versions."""

Folder = Annotated[str, AfterValidator(_folder), looks(_FOLDER.pattern)]
"""An absolute path."""


class LocalExecution(SpecModel):
    """dbt runs in the task's own process, in Airflow's environment."""

    kind: Literal["local"]
    """dbt runs in the task's own process, in Airflow's environment."""


class VirtualenvExecution(SpecModel):
    """dbt runs in a virtual environment that each task makes, and removes."""

    kind: Literal["virtualenv"]
    """dbt runs in a virtual environment that each task makes, and removes."""
    requirements: Annotated[tuple[Requirement, ...], Field(min_length=1)]
    """What pip installs in it: the adapter of the warehouse, which brings dbt."""


class DockerExecution(SpecModel):
    """dbt runs in a container, of an image that calls no dbt of itself."""

    kind: Literal["docker"]
    """dbt runs in a container, of an image that calls no dbt of itself."""
    image: Setting
    """The image: dbt, the adapter, and the project."""
    root: Folder
    """The folder of the image that holds this project as it lies here."""
    env: tuple[Variable, ...] = ()
    """Variables of the worker's environment that the container is given."""
    network: Word | None = None
    """The network of the container; Docker's own if left out."""


class KubernetesExecution(SpecModel):
    """dbt runs in a pod."""

    kind: Literal["kubernetes"]
    """dbt runs in a pod."""
    image: Setting
    """The image: dbt, the adapter, and the project."""
    root: Folder
    """The folder of the image that holds this project as it lies here."""
    namespace: Setting
    """The namespace of the pod."""
    service_account: Word | None = None
    """The service account of the pod; that of its namespace if left out."""
    env_secrets: tuple[Word, ...] = ()
    """Secrets of Kubernetes whose keys become variables of the pod's environment."""


class WatcherExecution(SpecModel):
    """One task runs dbt, and the others watch it."""

    kind: Literal["watcher"]
    """One task runs dbt, and the others watch it: no pipeline can be written like this, see
    docs/support.md."""


Execution = Annotated[
    LocalExecution | VirtualenvExecution | DockerExecution | KubernetesExecution | WatcherExecution,
    Field(discriminator="kind"),
]
"""Where dbt runs."""

ProfileKind = Literal[
    "athena",
    "bigquery",
    "bigquery_keyfile",
    "bigquery_keyfile_json",
    "clickhouse",
    "databricks",
    "databricks_oauth",
    "duckdb",
    "mysql",
    "oracle",
    "postgres",
    "redshift",
    "snowflake",
    "snowflake_private_key",
    "spark",
    "sqlserver",
    "teradata",
    "trino",
    "vertica",
]


class ProfileSpec(SpecModel):
    """A connection of Airflow that stands for a dbt profile."""

    kind: ProfileKind
    """The warehouse, and how to sign in; a user and a password, or a token, if it does not say."""
    connection: Word
    """The id of Airflow's connection."""
    args: dict[Name, Setting] = {}
    """What the profile says beside it, in dbt's words: `schema`, `threads`."""
