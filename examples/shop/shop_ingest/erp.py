"""Orders and customers from the ERP system, here CSV exports.

`python -m shop_ingest.erp orders customers` loads the named tables.
"""

import sys

from shop_ingest.warehouse import replace_table


def load_orders() -> None:
    """Fill erp.orders."""
    replace_table("erp.orders", "orders.csv")


def load_customers() -> None:
    """Fill erp.customers."""
    replace_table("erp.customers", "customers.csv")


if __name__ == "__main__":
    loaders = {"orders": load_orders, "customers": load_customers}
    for name in sys.argv[1:]:
        loaders[name]()
