-- From 15 May 2025 to 15 May 2026, two o'clock in Berlin, there is nothing.
SELECT user_id
FROM commits
GROUP BY user_id
HAVING count(*) FILTER (ts > from_berlin('2026-05-15 02:00')) > 0
    AND count(*) FILTER (ts > from_berlin('2025-05-15 02:00') AND ts <= from_berlin('2026-05-15 02:00')) = 0
    AND count(*) FILTER (ts < from_berlin('2025-05-15')) > 0;
