{{ config(tags=['first']) }}
select * from {{ source('raw', 'events') }}
