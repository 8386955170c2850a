select o.order_id from {{ ref('fct_orders') }} as f join {{ ref('orders') }} as o using (order_id)
where o.amount < 0
