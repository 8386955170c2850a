{# Leaves what it is told, and the region, in a file beside the log: what `run-operation` is tested with. #}
{% macro note(text, more=[]) %}
{% set told = "select '" ~ text ~ "' as text, '" ~ more | join(" ") ~ "' as more, '" ~ env_var("MINI_REGION", "") ~ "' as region" %}
{% do run_query("copy (" ~ told ~ ") to '" ~ env_var("MINI_LOG") ~ ".note' (format json)") %}
{% endmacro %}
