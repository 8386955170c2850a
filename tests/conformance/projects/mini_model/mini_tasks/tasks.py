"""Python tasks of the mini pipelines; each counts its attempts under its own name."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from mini_tasks.log import attempt, is_stale

_PATIENCE_SECONDS = 20.0
_writer = threading.Lock()


def load_orders() -> None:
    """Replace raw.orders."""
    attempt("load_orders")
    _replace("orders", "id, customer_id, amount", "(1, 1, 10), (2, 1, 20), (3, 2, 5)")


def load_customers() -> None:
    """Replace raw.customers."""
    attempt("load_customers")
    _replace("customers", "id, name", "(1, 'ada'), (2, 'bob')")


def export(name: str) -> None:
    """Count the rows of a table that dbt built; logged as `export_<name>`."""
    with _connect() as connection:
        rows = len(connection.table(name).fetchall())
    attempt(f"export_{name}", rows=rows)


def act(name: str) -> None:
    """Do nothing but log, as the task `name`."""
    attempt(name)


def _replace(table: str, columns: str, rows: str) -> None:
    age = 48 if is_stale(f"raw.{table}") else 0
    with _connect() as connection:
        connection.execute("create schema if not exists raw")
        connection.execute(
            f"create or replace table raw.{table} as "
            f"select *, now()::timestamp - interval {age} hours as loaded_at "
            f"from (values {rows}) as rows ({columns})"
        )


@contextmanager
def _connect() -> Iterator[duckdb.DuckDBPyConnection]:
    with _writer:
        connection = _open()
        try:
            yield connection
        finally:
            connection.close()


def _make(path: Path) -> None:
    """Let the file be there at once: half made, another process takes it for a broken one."""
    if not path.exists():
        with TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder, path.name)
            duckdb.connect(made).close()
            with suppress(FileExistsError):
                os.link(made, path)


def _open() -> duckdb.DuckDBPyConnection:
    _make(Path(os.environ["MINI_DB"]))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(os.environ["MINI_DB"])
        except duckdb.IOException as error:
            if "lock" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def answer(name: str) -> bool:
    """Say yes, unless the fault plan says no."""
    return attempt(name) != "no"
