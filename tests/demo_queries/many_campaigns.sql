SELECT user_id
FROM events
WHERE event = 'Page Viewed'
GROUP BY user_id
HAVING count(DISTINCT prop(properties, '$.utm.campaign')) >= 3 OR count(DISTINCT prop(properties, '$."utm.source"')) >= 2;
