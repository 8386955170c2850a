select
    sku,
    product_name,
    category,
    list_price,
    is_active,
    rank() over (partition by category order by list_price desc) as price_rank
from {{ ref('stg_products') }}
