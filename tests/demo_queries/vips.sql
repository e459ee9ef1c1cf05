SELECT user_id
FROM events
WHERE event = 'Order Completed' AND ts > from_london('2026-05-23 10:00') AND user_id NOT IN (SELECT user_id FROM staff_and_robots)
GROUP BY user_id
HAVING round(sum(num(prop(properties, '$.revenue'))), 9) >= 600
UNION
SELECT user_id FROM profiles WHERE num(loyalty_points) >= 4000 OR list_contains(tags::JSON::VARCHAR[], 'vip')
UNION
SELECT user_id
FROM read_csv('campaigns/lists/vip_guests.csv', all_varchar = true, header = true)
WHERE user_id IN (SELECT user_id FROM universe);
