"""What Airflow keeps where dbt does not run in the task's own process, or has no profiles.yml."""

from __future__ import annotations

from pipegen.backends import Target
from pipegen.backends.airflow.execution import Execution
from pipegen.capabilities import Capabilities, Feature, Support, degraded, native, unsupported

_DBT = (
    *(Feature.DBT_STEP, Feature.DBT_MODEL, Feature.DBT_LINEAGE, Feature.DBT_EXPAND),
    *(Feature.FRESHNESS_BLOCK, Feature.FRESHNESS_ALERT),
)
_LOST = "in a container; dbt's results stand in the log alone"
_CONTAINER: Capabilities = {
    Feature.DBT_STEP: degraded(
        f"one Cosmos operator, {_LOST}",
        "what dbt leaves in the container is lost with it, so the task does not fail because the "
        "project of the image and the lock differ: a node that is gone is not missed",
    ),
    Feature.DBT_MODEL: native(
        f"one Cosmos operator per node in a task group, {_LOST}; with `--warn-error-options` dbt "
        "fails if the node is gone"
    ),
    Feature.DBT_LINEAGE: native(
        f"one Cosmos operator for the nodes of a group, {_LOST}; with `--warn-error-options` dbt "
        "fails if one is gone"
    ),
    Feature.DBT_EXPAND: unsupported(
        "Cosmos reads the manifest where the DAG is parsed, and the project lies in the image: "
        "leave it out"
    ),
    Feature.FRESHNESS_ALERT: unsupported(
        "a container only says that dbt failed, not whether a table is stale: take "
        "`on_stale: block`, or run dbt with `execution: {kind: virtualenv}`"
    ),
    Feature.DBT_INSTALL_DEPS: unsupported(
        "Cosmos installs no packages in a container: install them in the image, and leave it out"
    ),
    Feature.DBT_ENV: native("`env` of the operator, in the container"),
    Feature.DBT_NO_TARGET: native("no `--target`: dbt takes the one of the profile"),
    Feature.DBT_DEFER: native("`--defer --state`, of a folder of the image"),
}
_VIRTUALENV: Capabilities = {
    Feature.TIMEOUT_IN_PROCESS: degraded(
        "`execution_timeout`, an alarm in the task's own process",
        "Cosmos does not stop a dbt that runs in a virtual environment: the task fails in time, "
        "and dbt goes on until it ends, beside a retry if there is one",
    ),
}
_DOCKER: Capabilities = {
    Feature.DBT_DOCS: unsupported(
        "Cosmos has no such operator for Docker: leave the transform out, or run dbt elsewhere"
    ),
}
_WATCHER: Capabilities = dict.fromkeys(
    _DBT,
    unsupported(
        "with `execution: {kind: watcher}` one task runs all nodes at once and the others watch "
        "it, so that no node waits for the sources it reads alone, and a retry builds a node "
        "without its tests: choose another kind"
    ),
)
_MAPPED: Capabilities = {
    Feature.DBT_NO_TARGET: native("the connection stands for every target"),
    Feature.DBT_TARGETS: unsupported(
        "`profiles` has one connection for all targets of a dbt project: leave that out, or "
        "`target` of the transform"
    ),
}
_UNMAPPED: Capabilities = dict.fromkeys(
    _DBT,
    unsupported(
        "a container has none of Airflow's connections, which `profiles` of this back end names: "
        "leave that out, and put a profiles.yml into the image"
    ),
)


def offers(target: Target) -> Capabilities:
    """Return what is kept otherwise, with the options of a target."""
    execution = Execution.of(target)
    found: dict[Feature, Support] = {}
    found |= _CONTAINER if execution.in_container else {}
    found |= {"virtualenv": _VIRTUALENV, "docker": _DOCKER, "watcher": _WATCHER}.get(
        execution.kind, {}
    )
    if execution.profiles:
        found |= _UNMAPPED if execution.in_container else _MAPPED
    return found
