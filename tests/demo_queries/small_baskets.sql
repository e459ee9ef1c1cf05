SELECT user_id
FROM events
WHERE event = 'Order Completed'
GROUP BY user_id
HAVING count(*) >= 3 AND max(num(prop(properties, '$.revenue'))) <= 60;
