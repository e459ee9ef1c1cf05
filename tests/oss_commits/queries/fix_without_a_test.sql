SELECT DISTINCT feature.user_id
FROM commits AS feature
JOIN commits AS fix
    ON fix.user_id = feature.user_id
    AND fix.repository = feature.repository
    AND fix.ts BETWEEN feature.ts AND feature.ts + INTERVAL 30 DAYS
WHERE feature.kind = 'feat'
    AND fix.kind = 'fix'
    AND feature.ts > from_berlin('2024-08-15 02:00')
    AND NOT EXISTS (
        FROM commits AS test
        WHERE test.user_id = feature.user_id
            AND test.repository = feature.repository
            AND test.kind IN ('test', 'refactor')
            AND test.ts > feature.ts
            AND test.ts < fix.ts
    );
