SELECT account_id
FROM subscriptions
WHERE account_id IS NOT NULL AND status = 'active'
GROUP BY account_id
HAVING coalesce(sum(seats::INTEGER), 0) >= 25;
