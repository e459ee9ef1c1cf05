SELECT user_id
FROM events
WHERE event = 'Product Viewed' AND ts > as_of() - INTERVAL 14 DAYS
GROUP BY user_id
HAVING count(*) >= 3
EXCEPT
SELECT user_id FROM events WHERE event = 'Order Completed'
EXCEPT
SELECT user_id FROM staff_and_robots;
