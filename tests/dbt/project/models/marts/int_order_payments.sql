{{ config(materialized='ephemeral') }}
select o.order_id, o.customer_id, o.amount, p.method
from {{ ref('orders') }} as o left join {{ ref('stg__payments__raw') }} as p using (order_id)
