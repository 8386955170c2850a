select count(*) from {{ ref('events') }} join {{ ref('users') }} using (id) having count(*) < 0
