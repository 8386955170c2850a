"""What one writes today: Cosmos makes the tasks from the manifest whenever the file is parsed.

`DBT_GROUPS` holds the selection of each group as JSON. The file is called as tests are run.
"""

import json
import os
from pathlib import Path

import pendulum
from airflow.sdk import DAG, CronTriggerTimetable
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import InvocationMode, LoadMode, TestBehavior

SHOP = Path(os.environ["DBT_DIR"])

with DAG(
    dag_id="peer",
    schedule=CronTriggerTimetable("0 5 * * *", timezone="Europe/Rome"),
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Rome"),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "data", "retries": 2},
):
    for name, select in json.loads(os.environ["DBT_GROUPS"]).items():
        DbtTaskGroup(
            group_id=name,
            project_config=ProjectConfig(
                dbt_project_path=SHOP,
                manifest_path=SHOP / "target" / "manifest.json",
                install_dbt_deps=False,
            ),
            profile_config=ProfileConfig(
                profile_name="synthetic",
                target_name="dev",
                profiles_yml_filepath=SHOP / "profiles.yml",
            ),
            execution_config=ExecutionConfig(invocation_mode=InvocationMode.DBT_RUNNER),
            render_config=RenderConfig(
                load_method=LoadMode.DBT_MANIFEST,
                select=select,
                test_behavior=TestBehavior(Path(__file__).stem),
            ),
        )
