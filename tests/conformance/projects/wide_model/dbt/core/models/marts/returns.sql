{{ config(enabled=false) }}
select * from {{ ref('order_facts') }} where amount < 0
