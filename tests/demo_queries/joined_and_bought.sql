WITH firsts AS (
    SELECT
        user_id,
        min(ts) FILTER (event = 'Signed Up') AS signed_up,
        min(ts) FILTER (event = 'Order Completed') AS ordered
    FROM events
    GROUP BY user_id
)
SELECT user_id
FROM firsts
WHERE ordered BETWEEN signed_up AND signed_up + INTERVAL 7 DAYS
    AND NOT EXISTS (
        FROM events AS clicked
        WHERE clicked.user_id = firsts.user_id AND clicked.event = 'Email Clicked' AND clicked.ts > signed_up AND clicked.ts < ordered
    );
