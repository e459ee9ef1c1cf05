WITH audience_trait_text AS (
  /* audience trait_text (campaigns/audiences/traits.yaml:1) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    LOWER(t."plan:text") IN ('pro', 'team')
)
SELECT
  u.user_id
FROM audience_trait_text AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
