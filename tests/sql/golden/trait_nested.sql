WITH audience_trait_nested AS (
  /* audience trait_nested (campaigns/audiences/traits.yaml:19) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    t."address.country:text" = 'GB'
)
SELECT
  u.user_id
FROM audience_trait_nested AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
