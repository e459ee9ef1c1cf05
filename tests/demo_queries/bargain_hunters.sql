SELECT user_id
FROM events
WHERE event = 'Order Completed' AND regexp_matches(lower(prop(properties, '$.coupon')), '^(save|summer|autumn)[0-9]+$')
GROUP BY user_id
HAVING count(*) >= 2;
