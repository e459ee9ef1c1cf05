SELECT user_id
FROM profiles
WHERE instant(signed_up_at) > as_of() - INTERVAL 7 DAYS AND instant(signed_up_at) <= as_of()
EXCEPT
SELECT user_id FROM events WHERE event LIKE 'Product %' OR event = 'Products Searched';
