WITH offsets AS (
    SELECT
        user_id,
        (CASE WHEN starts_with(utc_offset, '-') THEN -1 ELSE 1 END) * (utc_offset[2:3]::INTEGER * 60 + utc_offset[5:6]::INTEGER) AS minutes
    FROM profiles
    WHERE is_bot <> 'true'
)
SELECT user_id
FROM commits
JOIN offsets USING (user_id)
GROUP BY user_id
HAVING count(*) >= 20 AND count_if(hour(ts + INTERVAL (minutes) MINUTES) < 6) > count(*) / 3;
