SELECT user_id
FROM profiles
WHERE instant(renews_at) >= from_london('2026-01-01') AND instant(renews_at) < from_london('2026-11-01')
EXCEPT
SELECT user_id FROM events WHERE event = 'Subscription Renewed' AND ts > as_of() - INTERVAL 30 DAYS;
