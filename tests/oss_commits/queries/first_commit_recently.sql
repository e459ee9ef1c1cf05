SELECT user_id FROM commits GROUP BY user_id HAVING min(ts) > as_of() - INTERVAL 30 DAYS;
