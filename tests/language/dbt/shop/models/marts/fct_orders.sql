{{ config(materialized='incremental', unique_key='order_id') }}
select * from {{ ref('stg_orders') }} join {{ ref('stg_charges') }} using (order_id)
