SELECT user_id
FROM events
WHERE event = 'Order Completed' AND ts > from_london('2026-05-23 10:00')
GROUP BY user_id
HAVING round(sum(num(prop(properties, '$.revenue'))), 9) >= 600
EXCEPT
SELECT user_id FROM staff_and_robots;
