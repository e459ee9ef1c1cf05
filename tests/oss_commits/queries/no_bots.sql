SELECT user_id FROM universe
EXCEPT
SELECT user_id FROM profiles WHERE is_bot = 'true';
