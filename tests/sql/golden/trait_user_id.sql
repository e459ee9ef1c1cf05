WITH audience_trait_user_id AS (
  /* audience trait_user_id (campaigns/audiences/traits.yaml:22) */
  SELECT
    u.user_key
  FROM users AS u
  WHERE
    STARTS_WITH(u.user_id, 'a')
)
SELECT
  u.user_id
FROM audience_trait_user_id AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
