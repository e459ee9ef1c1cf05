WITH did_product_viewed_last_20_days AS (
  /* who did: Product Viewed (campaigns/audiences/events.yaml:36) */
  SELECT
    e.user_key
  FROM events AS e
  LEFT JOIN traits AS t
    ON t.user_key = e.user_key
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND (
      e.ts > CAST('2026-11-03 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
    AND NOT COALESCE(e."product_id:text" = t."city:text", FALSE)
  GROUP BY
    e.user_key
), audience_own_city AS (
  /* audience own_city (campaigns/audiences/events.yaml:35) */
  SELECT
    did_product_viewed_last_20_days.user_key
  FROM did_product_viewed_last_20_days
)
SELECT
  u.user_id
FROM audience_own_city AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
