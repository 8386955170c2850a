select
    order_id,
    customer_id,
    ordered_at,
    ordered_at::date as order_date,
    status,
    amount::decimal(12, 2) as amount
from {{ source('erp', 'orders') }}
