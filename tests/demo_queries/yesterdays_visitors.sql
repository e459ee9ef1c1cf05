SELECT user_id
FROM events
WHERE event LIKE 'Product %' AND to_london(ts)::DATE = DATE '2026-11-22'
EXCEPT
SELECT user_id FROM events WHERE event = 'Order Completed' AND ts > as_of() - INTERVAL 48 HOURS;
