select
    order_date,
    count(*) as orders,
    count(distinct customer_id) as customers,
    sum(amount) as ordered_amount,
    sum(paid_amount) as revenue
from {{ ref('fct_orders') }}
where status <> 'cancelled'
group by order_date
