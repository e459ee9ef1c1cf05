SELECT user_id
FROM events
GROUP BY user_id
HAVING count(*) = 1
INTERSECT
SELECT user_id FROM commits WHERE files <= 2 AND ts < from_berlin('2025-08-15');
