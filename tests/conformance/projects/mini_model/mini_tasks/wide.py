"""The tasks that only the wide pipelines have; each counts its attempts under its own name."""

from mini_tasks.log import attempt
from mini_tasks.tasks import _connect


def load_clicks() -> None:
    """Replace raw.clicks."""
    attempt("load_clicks")
    with _connect() as connection:
        connection.execute("create schema if not exists raw")
        connection.execute(
            "create or replace table raw.clicks as "
            "from (values (1, '/'), (1, '/cart'), (2, '/')) as rows (customer_id, url)"
        )


def share_segments() -> None:
    """Replace raw.segments by what core.customers_v2 holds."""
    attempt("share_segments")
    with _connect() as connection:
        connection.execute(
            "create or replace table raw.segments as "
            "select id as customer_id, tier as segment from core.customers_v2"
        )


def export(schema: str, name: str) -> None:
    """Count the rows of a table that dbt built; logged as `export_<name>`."""
    with _connect() as connection:
        rows = len(connection.table(f"{schema}.{name}").fetchall())
    attempt(f"export_{name}", rows=rows)
