SELECT user_id
FROM events
GROUP BY user_id
HAVING min(ts) FILTER (event = 'Order Completed') <= as_of() - INTERVAL 180 DAYS
    AND max(num(prop(properties, '$.revenue'))) FILTER (event = 'Order Completed') >= 150
    AND count(DISTINCT to_london(ts)::DATE) FILTER (ts > as_of() - INTERVAL 30 DAYS) <= 1;
