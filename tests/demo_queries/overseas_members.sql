SELECT user_id
FROM profiles
WHERE regexp_matches(timezone, '^[A-Za-z]+/[A-Za-z_]+$')
    AND NOT regexp_matches(timezone, '^(Europe|Mars)/')
    AND (country IS NULL OR country NOT IN ('GB', 'IE', 'FR', 'DE', 'ES', 'PT'))
    AND instant(signed_up_at) >= from_london('2024-11-24')
    AND instant(signed_up_at) < from_london('2025-11-23');
