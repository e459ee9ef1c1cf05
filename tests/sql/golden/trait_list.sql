WITH audience_trait_list AS (
  /* audience trait_list (campaigns/audiences/traits.yaml:7) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    CONTAINS(t."tags:text", 'vip')
    OR COALESCE(
      LIST_BOOL_OR(
        LIST_TRANSFORM(t."tags:elements", LAMBDA element : TEXT_OF_JSON(element) = 'vip')
      ),
      FALSE
    )
)
SELECT
  u.user_id
FROM audience_trait_list AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
