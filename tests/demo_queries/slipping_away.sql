WITH orders AS (
    SELECT
        user_id,
        max(ts) AS last_order,
        count(*) AS orders,
        round(coalesce(sum(num(prop(properties, '$.revenue'))), 0), 6) AS revenue
    FROM events
    WHERE event = 'Order Completed' AND ts > as_of() - INTERVAL 365 DAYS
    GROUP BY user_id
),
scores AS (
    SELECT
        user_id,
        5 * (rank() OVER (ORDER BY last_order) - 1) // count(*) OVER () + 1 AS recency,
        5 * (rank() OVER (ORDER BY orders) - 1) // count(*) OVER () + 1 AS frequency,
        5 * (rank() OVER (ORDER BY revenue) - 1) // count(*) OVER () + 1 AS monetary
    FROM orders
)
SELECT user_id
FROM scores
WHERE recency <= 2 AND frequency >= 3 AND monetary >= 4;
