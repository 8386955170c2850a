select
    '{{ var("day", "no day") }}' as day,
    '{{ var("fixed", "nothing") | string | replace("\'", "\'\'") }}' as fixed,
    '{{ env_var("MINI_REGION", "nowhere") }}' as region,
    '{{ env_var("MINI_STAGE", "none") }}' as stage
