select id from {{ ref('two') }}
