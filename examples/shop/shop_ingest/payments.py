"""Charges from the payment provider, here a CSV export."""

from datetime import date

from shop_ingest.warehouse import DATA_DIR, connect, loaded_at

_CREATE = """
create table if not exists payments.charges (
    charge_id integer primary key,
    order_id integer,
    charged_at timestamp,
    method varchar,
    outcome varchar,
    amount decimal(12, 2),
    _loaded_at timestamp
)
"""
_UPSERT = """
insert or replace into payments.charges
select *, ? from read_csv(?) where charged_at::date <= ?
"""


def load(day: str) -> None:
    """Add to payments.charges what was charged up to the end of `day` (an ISO date).

    Loading a day again, or an earlier one, changes no charge and drops none.
    """
    last_day = date.fromisoformat(day)
    with connect() as connection:
        connection.execute("create schema if not exists payments")
        connection.execute(_CREATE)
        connection.execute(_UPSERT, [loaded_at(), str(DATA_DIR / "charges.csv"), last_day])
