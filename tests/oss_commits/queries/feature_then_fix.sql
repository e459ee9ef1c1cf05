SELECT DISTINCT feature.user_id
FROM commits AS feature
JOIN commits AS fix USING (user_id, repository)
WHERE feature.kind = 'feat' AND fix.kind = 'fix' AND fix.ts BETWEEN feature.ts AND feature.ts + INTERVAL 7 DAYS;
