select
    charge_id,
    order_id,
    charged_at,
    method,
    outcome,
    case outcome when 'captured' then amount when 'refunded' then -amount else 0 end as net_amount
from {{ source('payments', 'charges') }}
