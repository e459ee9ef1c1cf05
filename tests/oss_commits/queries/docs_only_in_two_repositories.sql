SELECT user_id FROM commits GROUP BY user_id HAVING bool_and(docs_only) AND count(DISTINCT repository) >= 2;
