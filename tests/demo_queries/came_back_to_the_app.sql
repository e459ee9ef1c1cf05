SELECT user_id
FROM events
WHERE event = 'App Opened'
GROUP BY user_id
HAVING count(DISTINCT to_london(ts)::DATE) >= 3;
