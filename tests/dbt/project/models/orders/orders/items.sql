select n from {{ ref('orders_daily') }}
