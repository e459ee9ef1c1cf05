SELECT user_id
FROM events
WHERE event = 'Email Clicked'
    AND prop(properties, '$.campaign') IN ('early_access', 'black_friday_preview')
    AND ts >= from_london('2026-11-12')
EXCEPT
SELECT user_id FROM events WHERE event = 'Order Completed' AND ts >= from_london('2026-11-16');
