with versions as (
    select customer_id, count(*) as versions
    from {{ ref('customers_history') }}
    group by customer_id
)

select
    customers.customer_id,
    customers.display_name,
    customers.segment,
    customers.country_code,
    countries.country_name,
    countries.region,
    customers.signed_up_on,
    coalesce(history.orders, 0) as orders,
    history.first_order_date,
    history.last_order_date,
    coalesce(history.lifetime_value, 0) as lifetime_value,
    versions.versions
from {{ ref('stg_customers') }} as customers
left join {{ ref('int_customer_orders') }} as history using (customer_id)
left join {{ ref('country_codes') }} as countries using (country_code)
left join versions using (customer_id)
