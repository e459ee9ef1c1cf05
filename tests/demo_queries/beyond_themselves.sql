WITH orders AS (
    SELECT user_id, ts, message_id, num(prop(properties, '$.revenue')) AS revenue, prop(properties, '$.coupon') AS coupon
    FROM events
    WHERE event = 'Order Completed'
),
averages AS (
    SELECT user_id, sum(revenue) / count(*) AS average
    FROM orders
    WHERE ts > as_of() - INTERVAL 365 DAYS
    GROUP BY user_id
    HAVING count(*) >= 3
)
SELECT DISTINCT orders.user_id
FROM orders JOIN averages USING (user_id)
WHERE to_london(ts) >= TIMESTAMP '2026-11-01'
    AND revenue > round(average, 9)
    -- Nobody who ever used a coupon: the last one used would be the trait.
    AND NOT EXISTS (FROM orders AS other WHERE other.user_id = orders.user_id AND other.coupon IS NOT NULL);
