SELECT user_id FROM commits WHERE files >= 500
UNION
SELECT user_id FROM commits WHERE ts > from_berlin('2025-08-15 02:00') GROUP BY user_id HAVING sum(files) > 5000;
