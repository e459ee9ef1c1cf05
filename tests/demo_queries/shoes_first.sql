SELECT DISTINCT user_id
FROM events
WHERE event = 'Order Completed'
    AND starts_with(prop(properties, '$.products[0].sku'), 'SH-')
    AND prop(properties, '$.shipping.method') = 'express'
    AND ts >= from_london('2026-01-01');
