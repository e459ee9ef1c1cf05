WITH orders AS (
    SELECT
        user_id,
        ts,
        prop(properties, '$.coupon') AS coupon,
        row_number() OVER (PARTITION BY user_id ORDER BY ts, message_id) AS nth
    FROM events
    WHERE event = 'Order Completed'
)
SELECT user_id
FROM orders
WHERE nth = 1 AND coupon = 'WELCOME10' AND ts >= from_london('2026-06-01')
EXCEPT
SELECT user_id
FROM orders
WHERE coupon IS NULL OR coupon = 'FREESHIP';
