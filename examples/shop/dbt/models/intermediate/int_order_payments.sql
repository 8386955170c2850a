select
    order_id,
    sum(net_amount) as paid_amount,
    count(*) filter (where outcome = 'failed') as failed_charges,
    min(charged_at) filter (where outcome = 'captured') as first_paid_at
from {{ ref('stg_charges') }}
group by order_id
