WITH looks AS (
    SELECT user_id, ts, message_id, prop(properties, '$.category') AS category, prop(properties, '$.brand') AS brand
    FROM events
    WHERE event = 'Product Viewed'
),
first_looks AS (
    SELECT user_id, category
    FROM looks
    WHERE category IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY ts, message_id) = 1
)
SELECT user_id
FROM first_looks
WHERE category = 'jackets'
    AND (
        SELECT count(DISTINCT brand) FROM looks WHERE looks.user_id = first_looks.user_id AND ts > as_of() - INTERVAL 90 DAYS
    ) >= 5;
