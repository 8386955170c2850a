"""What the pipelines of a project share: `pipegen.yaml`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt

from pipegen.kinds.connections import Connection
from pipegen.model import Inside, Name, Out, Plain, Setting, SpecModel, Version, Word, refuse
from pipegen.spec.execution import Execution, ProfileSpec
from pipegen.spec.policy import PoliciesSpec
from pipegen.spec.task import Defaults
from pipegen.spec.watch import Channel


def _specifiers(text: str) -> str:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise refuse("specifier", 'a range of versions, as in `">=0.1,<0.2"`') from None
    return text


class BackendSpec(SpecModel):
    """Where a back end's files go, and its options."""

    out: Out | None = None
    """The folder, relative to the project; `generated/<back end>` if left out. `${env}` in it is
    the chosen environment."""


class AirflowSpec(BackendSpec):
    """Apache Airflow."""

    version: Literal["3.3"] = "3.3"
    """The version the DAGs are written for."""
    secrets: Literal["env", "connection"] = "env"
    """Where secrets come from: the task's environment, or Airflow's connections of the same
    names."""
    execution: Execution | None = None
    """Where dbt runs: in Airflow's environment if left out."""
    profiles: dict[Name, ProfileSpec] = {}
    """Connections of Airflow that stand for the profiles of dbt projects, by project."""


class PrefectSpec(BackendSpec):
    """Prefect."""

    work_pool: Word = "default"
    """The work pool of the deployments."""
    secrets: Literal["env", "block"] = "env"
    """Where secrets come from: the flow run's environment, or Prefect's blocks."""


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
    install_deps: StrictBool = False
    """Whether the packages are installed (`dbt deps`) when the first task of a run needs them."""
    runtime_dir: Setting = None
    """Where the project lies when tasks run, if that is elsewhere: `${ENV:NAME}`."""


class DbtSpec(SpecModel):
    """The dbt projects."""

    projects: dict[Name, DbtProjectSpec] = {}
    """Each by the name transforms use."""


class EnvironmentDbt(SpecModel):
    """What an environment says of dbt."""

    target: Word
    """The target of every dbt project's profile."""


class EnvironmentSchedule(SpecModel):
    """What an environment says of schedules."""

    enabled: StrictBool
    """Whether schedules are switched on; `false` switches off what a pipeline leaves on."""


class EnvironmentSpec(SpecModel):
    """What `--env` lays over the project. A pipeline never branches on its environment."""

    vars: dict[Name, Any] = {}
    """Values for `${var.name}`, in place of the project's."""
    connections: dict[Name, Connection] = {}
    """Connections, in place of the project's of the same names."""
    dbt: EnvironmentDbt | None = None
    """What holds for the dbt projects."""
    schedule: EnvironmentSchedule | None = None
    """What holds for the schedules."""


class ProjectSpec(SpecModel):
    """What the pipelines of a project share."""

    version: Version
    """The version of this language."""
    project: Name
    """The project's name."""
    requires: Annotated[Plain, AfterValidator(_specifiers)] | None = None
    """The versions of pipegen this project may be compiled with, as `>=0.1,<0.2`."""
    backends: BackendsSpec = BackendsSpec()
    """What `render` writes by default, and where."""
    dbt: DbtSpec = DbtSpec()
    """The dbt projects transforms select from."""
    connections: dict[Name, Connection] = {}
    """Logical names of what tasks connect to; secrets stay outside."""
    channels: dict[Name, Channel] = {}
    """Where people are told, by name."""
    vars: dict[Name, Any] = {}
    """Values for `${var.name}`."""
    pools: dict[Name, Annotated[StrictInt, Field(ge=1, le=1000)]] = {}
    """What only so many tasks may use at once, whichever pipelines they are of: its slots, by
    name."""
    defaults: Defaults = Defaults()
    """What tasks have that do not say otherwise."""
    environments: dict[Name, EnvironmentSpec] = {}
    """What `--env` lays over the project, by name."""
    policies: PoliciesSpec = PoliciesSpec()
    """Rules that pipelines are held to."""
