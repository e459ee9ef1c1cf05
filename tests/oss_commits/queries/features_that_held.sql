SELECT DISTINCT feature.user_id
FROM commits AS feature
WHERE feature.kind = 'feat'
    AND feature.ts >= from_berlin('2026-01-01')
    AND feature.ts + INTERVAL 14 DAYS <= as_of()
    AND NOT EXISTS (
        FROM commits AS fix
        WHERE fix.user_id = feature.user_id
            AND fix.repository = feature.repository
            AND fix.kind = 'fix'
            AND fix.ts BETWEEN feature.ts AND feature.ts + INTERVAL 14 DAYS
    );
