SELECT DISTINCT user_id
FROM events
WHERE ts >= from_berlin('2026-01-01')
    AND user_id NOT IN (SELECT user_id FROM profiles WHERE is_bot = 'true')
    AND bucket('survey-2026', user_id) < 0.05;
