select
    orders.order_id,
    orders.customer_id,
    orders.order_date,
    orders.status,
    orders.amount,
    coalesce(payments.paid_amount, 0) as paid_amount,
    coalesce(payments.failed_charges, 0) as failed_charges,
    coalesce(payments.paid_amount, 0) >= orders.amount as is_paid
from {{ ref('stg_orders') }} as orders
left join {{ ref('int_order_payments') }} as payments using (order_id)
