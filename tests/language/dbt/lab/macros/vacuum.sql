{% macro vacuum(full) %}{% endmacro %}
