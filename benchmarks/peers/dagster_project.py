"""What one writes by hand: every model of the project in one `@dbt_assets`."""

import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

SHOP = DbtProject(
    project_dir=os.environ["DBT_DIR"],
    profiles_dir=os.environ["DBT_DIR"],
    target="dev",
)


@dbt_assets(manifest=SHOP.manifest_path, project=SHOP)
def shop(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build every model."""
    yield from dbt.cli(["build"], context=context).stream()


job = dg.define_asset_job("daily", selection=[shop])
defs = dg.Definitions(
    assets=[shop],
    jobs=[job],
    schedules=[
        dg.ScheduleDefinition(job=job, cron_schedule="0 5 * * *", execution_timezone="Europe/Rome")
    ],
    resources={"dbt": DbtCliResource(SHOP)},
)
