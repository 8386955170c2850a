{#
  Fault injection, see ../../README.md. It is SQL that runs when the node runs: one parsed manifest
  serves any number of fault plans. `model` is the node that runs, whether model or test.
#}

{# The name of the node in a fault plan: dbt's own, of a version `name.v1`. #}
{% macro element() -%}
{{ model.name }}{% if model.version %}.v{{ model.version }}{% endif %}
{%- endmacro %}

{# The file that marks this attempt: dbt runs a node once per invocation. #}
{% macro marker() -%}
{{ env_var('MINI_LOG') }}.{{ element() }}.{{ invocation_id }}.json
{%- endmacro %}

{# Writes the marker: which attempt this is and how the plan says it ends. #}
{% macro record_attempt() %}
{% if execute %}
copy (
    select
        '{{ element() }}' as task,
        attempts.attempt,
        coalesce(plan.outcomes[least(attempts.attempt, len(plan.outcomes))], 'ok') as outcome,
        epoch_us(now()) as at
    from (
        select count(*) + 1 as attempt
        from glob('{{ env_var("MINI_LOG") }}.{{ element() }}.*.json')
    ) as attempts
    cross join (
        {% if env_var('MINI_FAULTS', '') %}
        select (content::json -> '{{ element() }}')::varchar[] as outcomes
        from read_text('{{ env_var("MINI_FAULTS") }}')
        {% else %}
        select []::varchar[] as outcomes
        {% endif %}
    ) as plan
) to '{{ marker() }}' (format json)
{% endif %}
{% endmacro %}

{# Fails a model whose marker says so. #}
{% macro fail_if_planned() %}
{% if execute %}
select case when outcome = 'fail' then error('injected fault: ' || task) end
from read_json('{{ marker() }}')
{% endif %}
{% endmacro %}

{# A query of the rows that fail a test: one when its marker says so, else none. #}
{% macro planned_failures() %}
{% if execute %}
{% do run_query(record_attempt()) %}
select task as failure from read_json('{{ marker() }}') where outcome = 'fail'
{% endif %}
{% endmacro %}
