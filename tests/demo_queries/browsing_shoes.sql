WITH steps AS (
    SELECT user_id, ts, event, ts - lag(ts) OVER (PARTITION BY user_id ORDER BY ts) AS pause
    FROM events
),
begins AS (
    SELECT user_id, max(ts) AS since FROM steps WHERE pause IS NULL OR pause > INTERVAL 30 MINUTES GROUP BY user_id
)
SELECT user_id
FROM steps JOIN begins USING (user_id)
WHERE ts >= since AND event = 'Product Viewed'
GROUP BY user_id
HAVING count(*) >= 5
INTERSECT
SELECT user_id
FROM events
WHERE event = 'Product Viewed' AND to_london(ts) >= TIMESTAMP '2026-10-01' AND prop(properties, '$.category') = 'shoes';
