SELECT user_id
FROM profiles
WHERE starts_with(language, 'de') OR (language IS NULL AND timezone = 'Europe/Berlin');
