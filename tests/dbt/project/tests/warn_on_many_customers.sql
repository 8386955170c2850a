{{ config(severity='warn') }}
select * from {{ ref('rpt_customers') }} where n > 100
