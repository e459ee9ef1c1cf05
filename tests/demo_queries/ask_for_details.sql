SELECT user_id
FROM profiles
WHERE contains(email, '@example.')
    AND (city IS NULL OR timezone IS NULL)
    AND birthday IS NULL
    AND first_name IS NOT NULL;
