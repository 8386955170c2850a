select {{ function('doubled') }}(amount) as amount from {{ ref('orders') }}
