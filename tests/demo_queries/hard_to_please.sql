SELECT user_id
FROM (SELECT user_id, num(prop(properties, '$.rating')) AS stars FROM events WHERE event = 'Product Reviewed')
GROUP BY user_id
HAVING min(stars) <= 2 AND avg(stars) < 3;
