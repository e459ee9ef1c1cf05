SELECT user_id FROM events WHERE event = 'Order Completed' AND lower(prop(properties, '$.gift')) = 'true'
UNION
SELECT user_id
FROM events
JOIN profiles USING (user_id)
WHERE event = 'Order Completed' AND prop(properties, '$.shipping.city') <> city
GROUP BY user_id
HAVING count(*) >= 2
UNION
SELECT user_id FROM profiles WHERE list_has_any(tags::JSON::VARCHAR[], ['gift_buyer', 'Wholesale']);
