SELECT user_id
FROM profiles
WHERE plan IN ('plus', 'pro') AND instant(renews_at) > as_of() AND instant(renews_at) <= as_of() + INTERVAL 14 DAYS;
