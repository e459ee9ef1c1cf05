-- Months are counted back from as_of, which is two o'clock of the 15th in Berlin.
WITH months AS (
    SELECT
        from_berlin(TIMESTAMP '2026-08-15 02:00' - INTERVAL (n + 1) MONTHS) AS began,
        from_berlin(TIMESTAMP '2026-08-15 02:00' - INTERVAL (n) MONTHS) AS ended
    FROM range(6) AS r(n)
),
busy AS (
    SELECT user_id, began
    FROM commits
    JOIN months ON ts > began AND ts <= ended
    GROUP BY user_id, began
    HAVING count(*) >= 20
)
SELECT user_id FROM busy GROUP BY user_id HAVING count(*) >= 3;
