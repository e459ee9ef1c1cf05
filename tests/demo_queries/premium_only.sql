SELECT user_id
FROM events
WHERE event = 'Order Completed'
GROUP BY user_id
HAVING count(*) >= 2 AND min(num(prop(properties, '$.revenue'))) >= 100;
