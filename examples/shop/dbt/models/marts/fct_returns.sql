select
    order_id,
    order_date,
    amount as returned_amount
from {{ ref('fct_orders') }}
where status = 'returned'
