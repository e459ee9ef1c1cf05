WITH has_subscriptions AS (
  /* who has such subscriptions (campaigns/audiences/entities.yaml:5) */
  SELECT
    r.user_key,
    CAST(FORMAT('{:.9f}', EXACT_SUM(r."price:number")) AS DOUBLE) AS sum_price
  FROM linked_subscriptions AS r
  WHERE
    NOT r.user_key IS NULL
    AND (
      r."status:text" = 'active'
      AND (
        r."renews_at:instant" > CAST('2026-11-23 10:00:00' AS TIMESTAMP)
        AND r."renews_at:instant" <= CAST('2026-12-23 10:00:00' AS TIMESTAMP)
      )
    )
  GROUP BY
    r.user_key
), audience_pays_something AS (
  /* audience pays_something (campaigns/audiences/entities.yaml:4) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN has_subscriptions
    ON has_subscriptions.user_key = u.user_key
  WHERE
    COALESCE(has_subscriptions.sum_price, 0) >= 10
)
SELECT
  u.user_id
FROM audience_pays_something AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
