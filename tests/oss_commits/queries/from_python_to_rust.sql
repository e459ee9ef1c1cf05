WITH numbered AS (
    SELECT
        user_id,
        language,
        row_number() OVER (PARTITION BY user_id ORDER BY ts, message_id) AS nth,
        row_number() OVER (PARTITION BY user_id ORDER BY ts DESC, message_id DESC) AS nth_last
    FROM commits
    WHERE language IS NOT NULL
)
SELECT user_id FROM numbered WHERE nth = 1 AND language = 'py'
INTERSECT
SELECT user_id FROM numbered WHERE nth_last = 1 AND language IN ('rs', 'toml');
