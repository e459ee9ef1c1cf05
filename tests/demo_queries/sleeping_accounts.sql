-- Half a year before ten o'clock in London in November is ten o'clock in London in May, which is nine in UTC.
SELECT user_id
FROM profiles
WHERE instant(signed_up_at) <= from_london('2025-11-23 10:00') AND plan = 'free'
EXCEPT
SELECT user_id FROM events WHERE ts > from_london('2026-05-23 10:00');
