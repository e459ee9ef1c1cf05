-- The week that ends at as_of is 0; an instant on the border of two belongs to the older one.
SELECT user_id
FROM (
    SELECT user_id, floor(epoch(as_of() - ts) / (7 * 86400)) AS weeks_ago
    FROM events
    WHERE event IN ('Commit Pushed', 'Merge Pushed')
)
WHERE weeks_ago < 12
GROUP BY user_id
HAVING count(DISTINCT weeks_ago) >= 9;
