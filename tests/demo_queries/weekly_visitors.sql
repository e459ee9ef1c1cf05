WITH weeks AS (
    -- The week that ends at as_of is 0; an instant on the border of two belongs to the older one.
    SELECT user_id, floor(epoch(as_of() - ts) / (7 * 86400)) AS weeks_ago
    FROM events
    WHERE event IN ('Product Viewed', 'Page Viewed', 'Products Searched')
)
SELECT user_id
FROM weeks
WHERE weeks_ago < 6
GROUP BY user_id
HAVING count(DISTINCT weeks_ago) >= 4
EXCEPT
SELECT user_id FROM staff_and_robots;
