SELECT user_id
FROM events
WHERE event = 'Email Opened' AND ts >= from_london('2026-06-01') AND ts < from_london('2026-09-01')
GROUP BY user_id
HAVING count(*) >= 2
INTERSECT
SELECT user_id FROM profiles WHERE email IS NOT NULL
EXCEPT
SELECT user_id FROM events WHERE event = 'Email Opened' AND ts > as_of() - INTERVAL 42 DAYS;
