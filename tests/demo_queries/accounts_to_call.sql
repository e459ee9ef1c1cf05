WITH members AS (
    SELECT DISTINCT user_id, account_id FROM read_csv('sample_data/memberships.csv', all_varchar = true, header = true)
),
orders AS (
    SELECT
        account_id,
        max(ts) AS last_order,
        round(coalesce(sum(num(prop(properties, '$.revenue'))), 0), 6) AS revenue
    FROM events
    JOIN members USING (user_id)
    WHERE event = 'Order Completed'
    GROUP BY account_id
),
scores AS (
    SELECT
        account_id,
        5 * (rank() OVER (ORDER BY last_order) - 1) // count(*) OVER () + 1 AS recency,
        5 * (rank() OVER (ORDER BY revenue) - 1) // count(*) OVER () + 1 AS monetary
    FROM orders
)
SELECT account_id
FROM scores
WHERE recency <= 2
    AND monetary >= 3
    AND (SELECT count(*) FROM members WHERE members.account_id = scores.account_id) >= 2;
