SELECT user_id
FROM events
WHERE ts >= from_london('2026-10-01')
GROUP BY user_id
HAVING count(DISTINCT to_london(ts)::DATE) >= 10
EXCEPT
SELECT user_id FROM staff_and_robots;
