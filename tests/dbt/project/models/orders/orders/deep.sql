{{ config(tags=['deep']) }}
select n from {{ ref('orders_daily') }}
