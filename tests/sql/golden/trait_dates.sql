WITH audience_trait_dates AS (
  /* audience trait_dates (campaigns/audiences/traits.yaml:10) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    EXTRACT(MONTH FROM LOCAL_IN_EUROPE_LONDON(t."birthday:instant")) * 100 + EXTRACT(DAY FROM LOCAL_IN_EUROPE_LONDON(t."birthday:instant")) IN (1123, 1124, 1125, 1126, 1127, 1128, 1129, 1130)
    OR (
      t."signed_up_at:instant" > CAST('2026-10-23 09:00:00' AS TIMESTAMP)
      AND t."signed_up_at:instant" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
)
SELECT
  u.user_id
FROM audience_trait_dates AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
