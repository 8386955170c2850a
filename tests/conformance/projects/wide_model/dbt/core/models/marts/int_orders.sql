{{ config(materialized='ephemeral') }}
select orders.id, orders.customer_id, orders.amount, customers.name as customer
from {{ ref('stg_orders') }} as orders
left join {{ ref('stg_customers') }} as customers on customers.id = orders.customer_id
