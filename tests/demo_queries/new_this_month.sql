SELECT user_id
FROM profiles
WHERE instant(signed_up_at) >= from_london('2026-11-01') AND instant(signed_up_at) < from_london('2026-12-01');
