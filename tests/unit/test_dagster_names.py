"""What the assets of a pipeline are called in Dagster."""

from __future__ import annotations

from pathlib import PurePosixPath

from pipegen import ir
from pipegen.backends.dagster.names import Names
from pipegen.diagnostics import Span

HERE = Span("pipeline.yaml")
DBT = PurePosixPath("dbt")


def build(name: str, unique_id: str) -> ir.Task:
    """Return a task that builds one node of the dbt project its package is."""
    _, package, model = unique_id.split(".", 2)
    project = ir.DbtProject(
        name=package, package=package, profile="p", dir=DBT, profiles_dir=DBT, span=HERE
    )
    node = ir.DbtNode(unique_id=unique_id, name=model, resource_type="model")
    dbt = ir.Dbt(project=project, command="build", select=(model,), nodes=(node,), span=HERE)
    stage, retries = ir.Stage.TRANSFORM, ir.Retries(span=HERE)
    return ir.Task(name=name, group=name, stage=stage, action=dbt, retries=retries, span=HERE)


def test_models_of_one_name_in_two_packages_are_two_assets() -> None:
    tasks = (
        build("core", "model.core.customers"),
        build("growth", "model.growth.customers"),
        build("orders", "model.core.orders"),
    )
    pipeline = ir.Pipeline(name="p", source="p.yaml", tasks=tasks, span=HERE)
    keys = {name: list(keys.values()) for name, keys in Names(pipeline).keys.items()}
    assert keys == {
        "core": [("core_customers",)],
        "growth": [("growth_customers",)],
        "orders": [("orders",)],
    }
