"""Files for those who cannot read the warehouse."""

from shop_ingest.warehouse import PROJECT_DIR, connect

TABLES = ("fct_orders", "dim_customers", "fct_daily_revenue")


def to_parquet(folder: str) -> list[str]:
    """Write each mart to `<folder>/<table>.parquet` and return the paths.

    A relative folder starts in the example's own folder; existing files are replaced.
    """
    target = PROJECT_DIR / folder
    target.mkdir(parents=True, exist_ok=True)
    files = [target / f"{table}.parquet" for table in TABLES]
    with connect() as connection:
        for table, file in zip(TABLES, files, strict=True):
            connection.table(table).write_parquet(str(file))
    return [str(file) for file in files]


def price_list(file: str) -> str:
    """Write the catalog to a CSV file and return its path.

    A relative path starts in the example's own folder; an existing file is replaced.
    """
    target = PROJECT_DIR / file
    target.parent.mkdir(parents=True, exist_ok=True)
    with connect() as connection:
        connection.table("dim_products").write_csv(str(target))
    return str(target)
