SELECT user_id
FROM events
WHERE event = 'Order Completed' AND ts > as_of() - INTERVAL 180 DAYS
GROUP BY user_id
HAVING count(*) FILTER (ts <= as_of() - INTERVAL 60 DAYS) >= 2 AND count(*) FILTER (ts > as_of() - INTERVAL 60 DAYS) = 0;
