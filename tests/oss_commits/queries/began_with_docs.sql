SELECT user_id
FROM (SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY ts, message_id) AS nth FROM commits)
WHERE nth = 1 AND docs_only AND ts > from_berlin('2025-08-15 02:00');
