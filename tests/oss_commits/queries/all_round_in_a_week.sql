-- The documentation may be the test or the fix by its files, but has to be another commit.
WITH week AS (
    SELECT
        first.user_id,
        first.ts,
        list(DISTINCT other.message_id) FILTER (other.kind = 'feat') AS features,
        list(DISTINCT other.message_id) FILTER (other.kind = 'fix') AS fixes,
        list(DISTINCT other.message_id) FILTER (other.kind = 'test') AS tests,
        list(DISTINCT other.message_id) FILTER (other.kind = 'docs' OR other.docs_only) AS docs
    FROM commits AS first
    JOIN commits AS other ON other.user_id = first.user_id AND other.ts BETWEEN first.ts AND first.ts + INTERVAL 7 DAYS
    WHERE first.ts > from_berlin('2024-08-15 02:00') AND (first.kind IN ('feat', 'fix', 'test', 'docs') OR first.docs_only)
    GROUP BY first.user_id, first.ts
)
SELECT DISTINCT user_id
FROM week,
    unnest(features) AS a(feature),
    unnest(fixes) AS b(fix),
    unnest(tests) AS c(test),
    unnest(docs) AS d(doc)
WHERE doc NOT IN (feature, fix, test);
