SELECT user_id
FROM commits
WHERE ts > as_of() - INTERVAL 1095 DAYS
GROUP BY user_id
HAVING count(*) >= 20 AND count(*) FILTER (dayname(ts) IN ('Saturday', 'Sunday')) > count(*) FILTER (dayname(ts) NOT IN ('Saturday', 'Sunday'));
