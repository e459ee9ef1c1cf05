WITH views AS (
    -- `nth` tells apart events that are equal in everything.
    SELECT user_id, ts, prop(properties, '$.product_id') AS product_id, row_number() OVER () AS nth
    FROM events
    WHERE event = 'Product Viewed' AND ts > as_of() - INTERVAL 60 DAYS
),
orders AS (
    SELECT user_id, ts FROM events WHERE event = 'Order Completed' AND ts > as_of() - INTERVAL 60 DAYS
)
SELECT DISTINCT first.user_id
FROM views AS first
JOIN views AS second
    ON second.user_id = first.user_id
    AND second.product_id = first.product_id
    AND second.nth <> first.nth
    AND second.ts BETWEEN first.ts AND first.ts + INTERVAL 14 DAYS
JOIN views AS third
    ON third.user_id = first.user_id
    AND third.product_id = first.product_id
    AND third.nth NOT IN (first.nth, second.nth)
    AND third.ts BETWEEN second.ts AND second.ts + INTERVAL 14 DAYS
WHERE NOT EXISTS (FROM orders WHERE orders.user_id = first.user_id AND orders.ts > second.ts AND orders.ts < third.ts)
    AND NOT EXISTS (FROM orders WHERE orders.user_id = first.user_id AND orders.ts BETWEEN third.ts AND third.ts + INTERVAL 7 DAYS);
