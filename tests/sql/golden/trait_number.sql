WITH audience_trait_number AS (
  /* audience trait_number (campaigns/audiences/traits.yaml:4) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    NOT COALESCE(t."age:number" >= 18, FALSE)
)
SELECT
  u.user_id
FROM audience_trait_number AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
