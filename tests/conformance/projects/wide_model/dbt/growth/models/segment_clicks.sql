{{ config(materialized='table') }}
select segments.segment, count(*) as clicks
from {{ ref('stg_clicks') }} as clicks
join {{ source('raw', 'segments') }} as segments using (customer_id)
group by segments.segment
