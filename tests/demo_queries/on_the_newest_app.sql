SELECT DISTINCT user_id
FROM events
WHERE event = 'App Opened' AND (properties ->> '$.version') = '5.0' AND ts > as_of() - INTERVAL 28 DAYS;
