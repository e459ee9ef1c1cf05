WITH audience_trait_in_file AS (
  /* audience trait_in_file (campaigns/audiences/traits.yaml:16) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    t."plan:text" IN (
      SELECT
        list_0.value
      FROM list_0
    )
)
SELECT
  u.user_id
FROM audience_trait_in_file AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
