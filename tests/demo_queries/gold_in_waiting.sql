-- No journey has run yet, so that nobody is gold.
SELECT user_id
FROM events
WHERE event = 'Order Completed'
    AND ts > as_of() - INTERVAL 365 DAYS
    AND user_id NOT IN (SELECT user_id FROM profiles WHERE lower(email) LIKE '%@example.org')
GROUP BY user_id
HAVING round(sum(num(prop(properties, '$.revenue'))), 9) >= 1000;
