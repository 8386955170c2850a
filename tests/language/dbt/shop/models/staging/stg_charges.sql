select * from {{ source('payments', 'charges') }}
