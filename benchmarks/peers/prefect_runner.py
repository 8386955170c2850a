"""What one writes by hand: dbt's one build, of which prefect-dbt makes task runs as it goes."""

import os
from pathlib import Path

from prefect import flow
from prefect_dbt import PrefectDbtRunner, PrefectDbtSettings

SHOP = Path(os.environ["DBT_DIR"])


@flow(name="daily")
def daily() -> None:
    """Build every model."""
    settings = PrefectDbtSettings(project_dir=SHOP, profiles_dir=SHOP)
    PrefectDbtRunner(settings=settings).invoke(["build"])
