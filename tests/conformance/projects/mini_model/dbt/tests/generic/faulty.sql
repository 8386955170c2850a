{% test unique_or_fault(model, column_name) %}
select {{ column_name }}::varchar as failure from {{ model }} group by 1 having count(*) > 1
union all
{{ planned_failures() }}
{% endtest %}

{% test not_null_or_fault(model, column_name) %}
select 'null' as failure from {{ model }} where {{ column_name }} is null
union all
{{ planned_failures() }}
{% endtest %}

{% test related_or_fault(model, column_name, to, field) %}
select {{ column_name }}::varchar as failure
from {{ model }}
where {{ column_name }} not in (select {{ field }} from {{ to }})
union all
{{ planned_failures() }}
{% endtest %}
