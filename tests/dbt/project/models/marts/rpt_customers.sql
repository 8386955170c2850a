select count(*) as n from {{ ref('dim_customers') }} join {{ ref('dim_customers', v=1) }} using (customer_id)
