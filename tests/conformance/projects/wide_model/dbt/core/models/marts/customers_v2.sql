select id, name, tier from {{ ref('stg_customers') }}
