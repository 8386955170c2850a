"""What the pipelines of a project share: `pipegen.yaml`."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipegen.kinds.scope import Connection
from pipegen.model import Name, Plain, SpecModel, Template
from pipegen.spec.task import Defaults

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def _inside(raw: Any) -> PurePosixPath:
    if not isinstance(raw, str) or not raw:
        raise PydanticCustomError("path", "a path inside the project")
    parts = raw.split("/")
    if raw.startswith("/") or ".." in parts:
        raise PydanticCustomError("unsafe_path", "a path inside the project")
    if raw != "." and not all(_SEGMENT.fullmatch(part) for part in parts):
        raise PydanticCustomError("path", "a path of letters, digits, `_`, `-` and `.`")
    return PurePosixPath(raw)


Inside = Annotated[PurePosixPath, PlainValidator(_inside), WithJsonSchema({"type": "string"})]
"""A path relative to the project's root that does not leave it."""


def _any_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", text):
        raise PydanticCustomError("word", "a word of letters, digits, `_`, `-` and `.`")
    return text


Word = Annotated[Plain, AfterValidator(_any_name)]


class BackendSpec(SpecModel):
    """Where a back end's files go, and its options."""

    out: Inside | None = None
    """The folder, relative to the project; `generated/<back end>` if left out."""


class AirflowSpec(BackendSpec):
    """Apache Airflow."""

    version: Literal["3.3"] = "3.3"
    """The version the DAGs are written for."""
    secrets: Literal["env"] = "env"
    """Where secrets come from: the environment of the task."""


class PrefectSpec(BackendSpec):
    """Prefect."""

    work_pool: Word = "default"
    """The work pool of the deployments."""


class BackendsSpec(SpecModel):
    """What `render` writes by default."""

    airflow: AirflowSpec | None = None
    """Apache Airflow."""
    dagster: BackendSpec | None = None
    """Dagster."""
    prefect: PrefectSpec | None = None
    """Prefect."""
    headless: BackendSpec | None = None
    """A plain script on dbt."""


class DbtProjectSpec(SpecModel):
    """A dbt project that transforms select from."""

    dir: Inside
    """Its folder."""
    profiles_dir: Inside | None = None
    """The folder of its profiles.yml; its own folder if left out."""
    target: Word | None = None
    """The target of the profile; the profile's default if left out."""
    manifest: Inside | None = None
    """The manifest that selections are resolved on; `target/manifest.json` if left out."""
    runtime_dir: Template = None
    """Where the project lies when tasks run, if that is elsewhere: `${ENV:NAME}`."""


class DbtSpec(SpecModel):
    """The dbt projects."""

    projects: dict[Name, DbtProjectSpec] = {}
    """Each by the name transforms use."""


class ProjectSpec(SpecModel):
    """What the pipelines of a project share."""

    version: Literal[1]
    """The version of this language."""
    project: Name
    """The project's name."""
    backends: BackendsSpec = BackendsSpec()
    """What `render` writes by default, and where."""
    dbt: DbtSpec = DbtSpec()
    """The dbt projects transforms select from."""
    connections: dict[Name, Connection] = {}
    """Logical names of what tasks connect to; secrets stay outside."""
    vars: dict[Name, Any] = {}
    """Values for `${var.name}`."""
    defaults: Defaults = Defaults()
    """What tasks have that do not say otherwise."""
