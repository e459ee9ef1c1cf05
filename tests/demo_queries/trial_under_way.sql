SELECT user_id
FROM events
WHERE event = 'Trial Started'
    AND ts > as_of() - INTERVAL 14 DAYS
    AND instant(prop(properties, '$.trial_ends_at')) > as_of()
    AND instant(prop(properties, '$.trial_ends_at')) <= as_of() + INTERVAL 14 DAYS
EXCEPT
SELECT user_id FROM events WHERE event LIKE 'Subscription %';
