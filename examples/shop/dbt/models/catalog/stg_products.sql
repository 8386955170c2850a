{{ config(materialized='view') }}

select
    sku,
    product_name,
    category,
    list_price::decimal(12, 2) as list_price,
    is_active
from {{ source('catalog', 'products') }}
