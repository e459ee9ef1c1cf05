SELECT user_id
FROM events
WHERE event = 'Product Reviewed'
GROUP BY user_id
HAVING num(arg_max(prop(properties, '$.rating'), ts)) <= 2
UNION
SELECT user_id
FROM events
WHERE event = 'Order Refunded'
    AND prop(properties, '$.reason') IS DISTINCT FROM 'late'
    AND num(prop(properties, '$.revenue')) > 0
    AND ts > from_london('2026-10-23 10:00');
