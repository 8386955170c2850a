{# dbt-duckdb has no functions of dbt yet: DuckDB calls them macros. #}
{% macro duckdb__scalar_function_sql(target_relation) %}
create or replace macro {{ target_relation.render() }}(amount) as ({{ model.compiled_code }})
{% endmacro %}
