select customer, sum(amount) as amount from {{ ref('orders_enriched') }} group by customer
