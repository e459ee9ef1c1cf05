SELECT user_id FROM commits GROUP BY user_id HAVING count(DISTINCT repository) >= 4;
