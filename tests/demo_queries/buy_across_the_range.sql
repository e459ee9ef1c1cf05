SELECT user_id
FROM (
    SELECT user_id, unnest((properties -> '$.products')::JSON[]) ->> '$.category' AS category
    FROM events
    WHERE event = 'Order Completed'
)
GROUP BY user_id
HAVING count(DISTINCT category) >= 5;
