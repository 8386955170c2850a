{% snapshot orders_history %}
{{ config(unique_key='order_id', strategy='check', check_cols=['amount'], schema='history') }}
select * from {{ ref('fct_orders') }}
{% endsnapshot %}
