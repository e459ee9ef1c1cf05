SELECT user_id
FROM commits
WHERE ts > as_of() - INTERVAL 120 DAYS
GROUP BY user_id
HAVING count(*) FILTER (ts <= as_of() - INTERVAL 90 DAYS) >= 10 AND max(ts) <= as_of() - INTERVAL 90 DAYS;
