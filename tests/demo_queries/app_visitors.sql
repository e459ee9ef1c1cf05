SELECT DISTINCT coalesce(user_id, device)
FROM opened
LEFT JOIN profiles USING (user_id)
WHERE signed_up_at IS NULL;
