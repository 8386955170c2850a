select customer_id, url from {{ source('raw', 'clicks') }}
