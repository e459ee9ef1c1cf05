-- Stretch 0 is the 30 days that end 90 days ago; an instant on the border of two belongs to the older one.
SELECT DISTINCT user_id
FROM (
    SELECT user_id, floor(epoch(as_of() - INTERVAL 90 DAYS - ts) / (30 * 86400)) AS stretch
    FROM commits
    WHERE user_id NOT IN (SELECT user_id FROM commits WHERE ts > as_of() - INTERVAL 90 DAYS)
)
WHERE stretch < 9
GROUP BY user_id, stretch
HAVING count(*) >= 10;
