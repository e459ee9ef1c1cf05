SELECT user_id
FROM commits
WHERE regexp_matches(lower(repository), '^(dbt-labs/|.*sql)') AND language NOT IN ('none', 'lock', 'md', 'txt')
GROUP BY user_id
HAVING count(DISTINCT language) >= 6;
