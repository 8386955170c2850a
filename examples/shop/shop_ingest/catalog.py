"""The product catalog, here a CSV export: `python -m shop_ingest.catalog` loads it."""

from shop_ingest.warehouse import replace_table


def load_products() -> None:
    """Fill catalog.products."""
    replace_table("catalog.products", "products.csv")


if __name__ == "__main__":
    load_products()
