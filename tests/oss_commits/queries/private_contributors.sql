SELECT user_id
FROM profiles
WHERE is_bot <> 'true'
    AND email_kind IN ('webmail', 'own_domain')
    AND utc_offset IN ('+00:00', '+01:00', '+02:00', '+03:00')
    AND user_id IN (SELECT user_id FROM commits WHERE ts >= from_berlin('2026-06-01'));
