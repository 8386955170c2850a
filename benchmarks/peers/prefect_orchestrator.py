"""What prefect-dbt offers to run each node by itself, which it plans when the flow runs."""

import os
from pathlib import Path

from prefect import flow
from prefect_dbt import PrefectDbtSettings
from prefect_dbt.core._orchestrator import ExecutionMode, PrefectDbtOrchestrator

SHOP = Path(os.environ["DBT_DIR"])


@flow(name="daily")
def daily() -> None:
    """Build every model."""
    PrefectDbtOrchestrator(
        settings=PrefectDbtSettings(project_dir=SHOP, profiles_dir=SHOP),
        execution_mode=ExecutionMode.PER_NODE,
        retries=2,
        concurrency=1,
    ).run_build()
