SELECT user_id FROM commits GROUP BY user_id HAVING count(*) >= 50 AND round(avg(files), 9) <= 3;
