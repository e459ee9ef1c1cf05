SELECT user_id
FROM events
WHERE ts > from_berlin('2025-08-15 02:00')
GROUP BY user_id
HAVING count(DISTINCT to_berlin(ts)::DATE) >= 100;
