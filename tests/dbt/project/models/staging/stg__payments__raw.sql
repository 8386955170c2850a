select id as payment_id, order_id, method from {{ source('erp', 'payments') }}
