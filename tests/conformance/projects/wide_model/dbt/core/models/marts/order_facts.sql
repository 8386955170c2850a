{{ config(materialized='incremental', unique_key='id') }}
select orders.id, orders.customer_id, orders.amount, orders.customer, days.day
from {{ ref('int_orders') }} as orders
cross join (select max(day) as day from {{ ref('calendar', 'days') }}) as days
{% if is_incremental() %}
where orders.id > (select max(id) from {{ this }})
{% endif %}
