{{ config(tags=['second'], materialized='incremental') }}
select * from {{ ref('events') }} join {{ ref('users') }} using (id)
