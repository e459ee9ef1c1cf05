SELECT DISTINCT user_id
FROM subscriptions
WHERE billing = 'yearly'
    AND status = 'active'
    AND from_london(renews_at::DATE) > as_of()
    AND from_london(renews_at::DATE) <= as_of() + INTERVAL 60 DAYS
    AND user_id IN (FROM universe);
