-- Days must add up to the orders they were made of: returns the difference, if any.
with by_day as (
    select sum(revenue) as total from {{ ref('fct_daily_revenue') }}
),

by_order as (
    select sum(paid_amount) as total from {{ ref('fct_orders') }} where status <> 'cancelled'
)

select by_day.total, by_order.total as expected
from by_day, by_order
where by_day.total is distinct from by_order.total
