{{ config(group='finance', tags=['tier1']) }}
select i.*, c.day from {{ ref('int_order_payments') }} as i cross join {{ ref('toolkit', 'calendar') }} as c
