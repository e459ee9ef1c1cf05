WITH campaigns AS (
    SELECT user_id, ts, prop(properties, '$.utm.source') AS source
    FROM events
    WHERE event = 'Page Viewed' AND prop(properties, '$.utm.source') IS NOT NULL
)
SELECT user_id
FROM campaigns
GROUP BY user_id
HAVING arg_min(source, ts) = 'ads' AND arg_max(source, ts) NOT IN ('ads', 'social');
