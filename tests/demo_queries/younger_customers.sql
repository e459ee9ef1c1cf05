SELECT user_id
FROM profiles
WHERE instant(birthday) >= from_london('1997-01-01') AND instant(birthday) < from_london('2009-01-01');
