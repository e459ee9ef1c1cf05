WITH audience_everybody AS (
  /* audience everybody (campaigns/audiences/traits.yaml:25) */
  SELECT
    u.user_key
  FROM users AS u
)
SELECT
  u.user_id
FROM audience_everybody AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
