-- Without a salt the audience's name is the salt.
SELECT DISTINCT user_id
FROM events
WHERE event = 'Order Completed' AND ts > from_london('2026-10-23 10:00') AND bucket('survey_panel', user_id) < 0.1;
