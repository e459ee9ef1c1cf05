SELECT user_id
FROM events
WHERE event = 'Email Opened' AND ts > from_london('2026-07-23 10:00')
GROUP BY user_id
HAVING count(DISTINCT prop(properties, '$.campaign')) >= 4;
