SELECT user_id
FROM events
WHERE event = 'Order Completed'
GROUP BY user_id
HAVING min(ts) > as_of() - INTERVAL 30 DAYS
EXCEPT
SELECT user_id
FROM events
WHERE event = 'Order Refunded' AND ts > as_of() - INTERVAL 30 DAYS;
