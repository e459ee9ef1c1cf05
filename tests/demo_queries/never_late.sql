SELECT DISTINCT user_id
FROM (
    SELECT user_id, subscription_id
    FROM subscriptions
    JOIN invoices USING (subscription_id)
    GROUP BY ALL
    HAVING count(*) >= 3 AND bool_and(paid)
)
WHERE user_id IN (FROM universe);
