SELECT user_id
FROM (
    SELECT
        user_id,
        sum(num(prop(properties, '$.revenue'))) FILTER (ts > as_of() - INTERVAL 365 DAYS) AS revenue,
        count(*) FILTER (ts > as_of() - INTERVAL 365 DAYS) AS orders,
        max(ts) AS last_order
    FROM events
    WHERE event = 'Order Completed'
    GROUP BY user_id
)
WHERE revenue / orders >= 60
    AND last_order <= as_of() - INTERVAL 60 DAYS
    AND last_order > as_of() - INTERVAL 121 DAYS;
