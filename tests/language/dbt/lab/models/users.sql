{{ config(tags=['first', 'private'], meta={'pii': true}) }}
select * from {{ source('raw', 'users') }}
