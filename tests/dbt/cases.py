"""What dbt is asked for: what every dbt-core answers alike, and what each answers otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from pipegen.dbt.selection import Selection

VERSIONS = ("1.10", "1.11", "1.12")
MODES = ("eager", "cautious", "buildable", "empty")

SELECTS: list[tuple[str, ...]] = [
    ("fqn:*",),
    ("stg_orders",),
    ("orders",),
    ("orders.orders",),
    ("shop.orders",),
    ("shop.orders.*",),
    ("toolkit",),
    ("package:toolkit", "package:this,tag:staging"),
    ("package:tool*",),
    ("tag:marts",),
    ("tag:staging+",),
    ("tag:m?rts", "tag:[dx]*"),
    ("tag:reporting",),
    ("+fct_orders",),
    ("fct_orders+",),
    ("+fct_orders+",),
    ("1+fct_orders+1",),
    ("2+orders_history",),
    ("0+fct_orders+0",),
    ("@stg_orders",),
    ("@raw_customers",),
    ("@tag:deep",),
    ("@source:erp.payments",),
    ("staging.stg_* dim_customers",),
    ("stg__payments__raw", "deep"),
    ("staging.st?_orders",),
    ("shop.*.[so]*",),
    ("dim_customers.v1",),
    ("dim_customers_v2",),
    ("version:latest", "version:old"),
    ("version:prerelease",),
    ("version:none,path:models",),
    ("path:models/marts",),
    ("path:models/orders",),
    ("path:./models/staging",),
    ("path:models/**/*.sql",),
    ("+path:models/marts/sub",),
    ("models/staging/*.sql",),
    ("path:packages",),
    ("path:seeds/payments+",),
    ("file:orders.sql",),
    ("file:orders",),
    ("file:raw_*.csv+1",),
    ("file:_staging.yml",),
    ("items.sql.sql",),
    ("fqn:items.sql",),
    ("config.materialized:ephemeral",),
    ("config.materialized:{view,table}",),
    ("config.severity:warn",),
    ("config.enabled:true,tag:deep",),
    ("config.tags:tier1",),
    ("config.meta.owner:order-team+",),
    ("config.group:finance",),
    ("config.schema:toolkit",),
    ("group:finance",),
    ("+group:fin*",),
    ("access:public", "access:private"),
    ("access:protected",),
    ("source:erp+",),
    ("source:erp.orders+1", "source:crm"),
    ("source:shop.*.orders+",),
    ("exposure:crm_sync",),
    ("+exposure:crm_sync",),
    ("+exposure:shop.*",),
    ("exposure:stg_customers+", "+exposure:stg_customers,tag:staging"),
    ("metric:revenue",),
    ("+metric:revenue",),
    ("semantic_model:order_facts",),
    ("+semantic_model:order_facts",),
    ("1+semantic_model:shop.*",),
    ("saved_query:daily_revenue",),
    ("+saved_query:daily_*",),
    ("resource_type:model,tag:marts",),
    ("resource_type:seed",),
    ("resource_type:snapshot+",),
    ("resource_type:source+1",),
    ("resource_type:test",),
    ("1+resource_type:unit_test",),
    ("+resource_type:exposure,resource_type:seed",),
    ("+resource_type:metric", "+resource_type:saved_query"),
    ("test_type:generic",),
    ("test_type:singular",),
    ("test_type:data,tag:marts+1",),
    ("test_type:unit",),
    ("test_name:unique", "test_name:relationships"),
    ("1+test_name:accepted_*",),
    ("unit_test:*",),
    ("unit_test:orders_pass_through",),
    ("+unit_test:shop.customers_*",),
    ("same_name",),
    ("same_name,fct_orders+1",),
    ("orders_history",),
    ("raw_orders+", "raw_customers+"),
    ("int_order_payments",),
    ("tag:marts,config.materialized:table", "café"),
    ("+fct_orders,stg_orders+,config.materialized:view", "@deep,tag:deep"),
    ("no_such_model",),
    ("tag:none_such", "group:none_such", "exposure:none_such", "config.none_such:x"),
    ("nothing", "switched_off"),
    ("",),
]
EXCLUDES: list[tuple[str, ...]] = [(), ("fct_orders+", "tag:deep"), ("test_type:generic",)]
NAMED = ("nightly", "payments", "marts_alone", "with_payments", "around")


LATER: dict[str, list[tuple[str, ...]]] = {
    "1.11": [
        ("resource_type:function+",),
        ("+twice",),
        ("@doubled",),
        ("doubled", "1+tag:reports+"),
        ("doubled",),
        ("doubled+1",),
        ("orders+,doubled+",),
        ("path:functions",),
        ("file:doubled.sql",),
        ("package:shop,tag:reports",),
        ("resource_type:function", "stg_orders"),
    ],
    "1.12": [
        ("selector:payments",),
        ("selector:*_alone", "deep"),
        ("1+selector:around+",),
        ("selector:with_payments,tag:marts",),
        ("@selector:around",),
    ],
}
"""What only a version from this on can be asked; `DIFFERENCES` has what the others say."""

KINDS: dict[str, set[str]] = {"1.10": set(), "1.11": {"function"}, "1.12": {"function"}}
"""The kinds of resources not every version has."""


def selections(version: str) -> list[Selection]:
    """Return what a dbt-core of `version` is asked, to be compared with its answers."""
    later = [
        Selection(*asked)
        for since, chosen in LATER.items()
        if VERSIONS.index(since) <= VERSIONS.index(version)
        for asked in product(chosen, EXCLUDES, MODES)
    ]
    plain = [Selection(*pair) for pair in product(SELECTS, EXCLUDES)]
    modes = [
        Selection(chosen, left_out, mode)
        for chosen in [("tag:marts",), ("stg_orders", "orders"), ("+fct_orders",), ("@orders",)]
        for left_out in [(), ("int_order_payments",)]
        for mode in MODES
    ]
    named = [Selection((), (), mode, name) for name in NAMED for mode in MODES]
    return [*plain, *modes, *named, *later, Selection(()), Selection((), ("tag:marts",))]


@dataclass(frozen=True)
class Refusal:
    """What dbt says of a selection that has no meaning to it."""

    reason: str


Answer = tuple[str, ...] | Refusal

_UNKNOWN_METHOD = Refusal("'selector' is not a valid method name")
_NO_FUNCTION = Refusal('Invalid resource_type selector "function"')
_PAYMENTS = (
    "model.shop.fct_orders",
    "model.shop.int_order_payments",
    "model.shop.stg__payments__raw",
)
_STAGING = ("model.shop.stg__payments__raw", "model.shop.stg_customers", "model.shop.stg_orders")
_DOUBLED = ("function.shop.doubled",)
_TWICE = (*_DOUBLED, "model.shop.twice")

DIFFERENCES: dict[str, dict[str, Answer]] = {
    # A wildcard without a dot is compared with the name alone too, wherever the file lies.
    "stg_*": {"1.10": (), "1.11": _STAGING, "1.12": _STAGING},
    "st?_orders": {
        "1.10": (),
        "1.11": ("model.shop.stg_orders",),
        "1.12": ("model.shop.stg_orders",),
    },
    # `--select` can name a selector.
    "selector:payments,resource_type:model": {
        "1.10": _UNKNOWN_METHOD,
        "1.11": _UNKNOWN_METHOD,
        "1.12": _PAYMENTS,
    },
    "selector:pay*,tag:marts": {
        "1.10": _UNKNOWN_METHOD,
        "1.11": _UNKNOWN_METHOD,
        "1.12": ("model.shop.fct_orders", "model.shop.int_order_payments"),
    },
    "selector:none_such": {
        "1.10": _UNKNOWN_METHOD,
        "1.11": _UNKNOWN_METHOD,
        "1.12": Refusal("Selector 'none_such' did not match any selector in selectors.yml"),
    },
    # A project can have functions, and models that call them: `since/1.11`.
    "resource_type:function": {"1.10": _NO_FUNCTION, "1.11": _DOUBLED, "1.12": _DOUBLED},
    "resource_type:function+": {"1.10": _NO_FUNCTION, "1.11": _TWICE, "1.12": _TWICE},
    "tag:reports+": {"1.10": (), "1.11": _TWICE, "1.12": _TWICE},
    "doubled+": {"1.10": (), "1.11": _TWICE, "1.12": _TWICE},
}
"""What a selection without indirectly selected tests means to each version."""

_EARLIER = "state: needs the artefacts of an earlier run"
_OUTSIDE = "path:../* leaves the dbt project"

REFUSED: dict[str, dict[str, str]] = {
    "selector:changed": {
        "1.10": _UNKNOWN_METHOD.reason,
        "1.11": _UNKNOWN_METHOD.reason,
        "1.12": _EARLIER,
    },
    "selector:with_c*": {
        "1.10": _UNKNOWN_METHOD.reason,
        "1.11": _UNKNOWN_METHOD.reason,
        "1.12": _EARLIER,
    },
    "deep,selector:outside": {
        "1.10": _UNKNOWN_METHOD.reason,
        "1.11": _UNKNOWN_METHOD.reason,
        "1.12": _OUTSIDE,
    },
}
"""What pipegen refuses, and why, where that depends on the version."""

REFUSED_BY_NAME = {
    "changed": _EARLIER,
    "with_changed": _EARLIER,
    "outside": _OUTSIDE,
    "none_such": "the project has no selector called 'none_such'; it has around, changed, ",
}
