select id::varchar as failure from {{ ref('order_facts') }} where amount < 0
union all
{{ planned_failures() }}
