select
    customer_id,
    count(*) as orders,
    count(*) filter (where status = 'returned') as returned_orders,
    min(order_date) as first_order_date,
    max(order_date) as last_order_date,
    sum(amount) filter (where status not in ('cancelled', 'returned')) as lifetime_value
from {{ ref('stg_orders') }}
group by customer_id
