SELECT DISTINCT user_id
FROM events
WHERE event = 'Products Searched'
    AND num(prop(properties, '$.results')) = 0
    AND coalesce(prop(properties, '$.query') NOT IN ('SALE', 'gift'), true)
    AND ts >= from_london('2026-11-01');
