"""pipegen compiles declarative YAML pipelines to code for Airflow, Dagster, Prefect and dbt."""

__version__ = "0.1.0"
