WITH audience_a_tenth AS (
  /* audience a_tenth (campaigns/audiences/traits.yaml:28) */
  SELECT
    u.user_key
  FROM users AS u
  WHERE
    CAST('0x' || SUBSTR(MD5('golden' || ':' || u.user_id), 1, 8) AS BIGINT) * 100000000 < 268435456000000000
)
SELECT
  u.user_id
FROM audience_a_tenth AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
