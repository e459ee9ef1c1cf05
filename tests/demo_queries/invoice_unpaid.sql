SELECT DISTINCT user_id
FROM subscriptions
JOIN invoices USING (subscription_id)
WHERE NOT paid AND status IN ('active', 'past_due') AND user_id IN (FROM universe);
