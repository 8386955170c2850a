select customers.id, customers.name, tiers.tier
from {{ source('raw', 'customers') }} as customers
left join {{ ref('tiers') }} as tiers using (name)
