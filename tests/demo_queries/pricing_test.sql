SELECT user_id
FROM reachable_by_email
LEFT JOIN profiles USING (user_id)
WHERE (plan IS NULL OR plan NOT IN ('plus', 'pro')) AND bucket('pricing-2026-11', user_id) < 0.2;
