SELECT user_id
FROM events
WHERE event = 'Subscription Renewed' AND ts > from_london('2026-08-23 10:00')
GROUP BY user_id
HAVING arg_max(prop(properties, '$.plan'), ts) IS DISTINCT FROM 'pro';
