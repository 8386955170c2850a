"""The one DuckDB file that ingestion, dbt and exports share."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

PROJECT_DIR = Path(__file__).resolve().parents[1]
DATA_DIR = PROJECT_DIR / "data"

_PATIENCE_SECONDS = 60.0
_writer = threading.Lock()


def database() -> Path:
    """Return the path in SHOP_DB, else a file in the dbt folder: the rule of dbt/profiles.yml."""
    return Path(os.environ.get("SHOP_DB", PROJECT_DIR / "dbt" / "shop.duckdb"))


@contextmanager
def connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database for the length of a `with` block.

    DuckDB lets one process at a time hold the file: wait for the others. The configuration stays
    the default one, because all connections of a process (dbt's too) must agree on it.
    """
    with _writer:
        connection = _open()
        try:
            yield connection
        finally:
            connection.close()


def loaded_at() -> datetime:
    """Return the time of loading, in UTC without a zone, as dbt's source freshness expects it."""
    return datetime.now(UTC).replace(tzinfo=None)


def replace_table(table: str, file: str) -> None:
    """Replace the raw table `schema.name` by a CSV file's rows, each with the time of loading."""
    schema, _, _ = table.partition(".")
    with connect() as connection:
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(
            f"create or replace table {table} as "
            "select *, ?::timestamp as _loaded_at from read_csv(?)",
            [loaded_at(), str(DATA_DIR / file)],
        )


def _make(path: Path) -> None:
    """Let the file be there at once: half made, another process takes it for a broken one."""
    if not path.exists():
        with TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder, path.name)
            duckdb.connect(made).close()
            with suppress(FileExistsError):
                os.link(made, path)


def _open() -> duckdb.DuckDBPyConnection:
    _make(database())
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return duckdb.connect(database())
        except duckdb.IOException as error:
            if "lock" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)
