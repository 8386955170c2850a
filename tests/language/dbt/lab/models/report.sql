{{ config(tags=['second']) }} select * from {{ ref('sessions') }}
