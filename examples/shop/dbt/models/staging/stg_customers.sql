select
    customer_id,
    display_name,
    upper(country_code) as country_code,
    segment,
    signed_up_on,
    updated_at
from {{ source('erp', 'customers') }}
