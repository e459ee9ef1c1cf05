SELECT user_id
FROM subscriptions
WHERE user_id IN (FROM universe)
GROUP BY user_id
HAVING bool_or(status IN ('cancelled', 'past_due')) AND NOT bool_or(status = 'active');
