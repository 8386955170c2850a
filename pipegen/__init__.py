"""pipegen compiles declarative YAML pipelines to code for Airflow, Dagster, Prefect and dbt."""
