SELECT user_id
FROM events
WHERE event = 'Order Completed' AND ts > from_london('2026-08-23 10:00')
GROUP BY user_id
HAVING count(*) >= 2 AND round(avg(num(prop(properties, '$.revenue'))), 9) >= 150;
