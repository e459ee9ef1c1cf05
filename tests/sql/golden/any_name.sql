WITH did_order_any_this_month AS (
  /* who did: Order * (campaigns/audiences/events.yaml:8) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key IN (1, 2) /* Order Completed, Order Refunded */
    AND (
      e.ts >= CAST('2026-11-01 00:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  GROUP BY
    e.user_key
), audience_any_name AS (
  /* audience any_name (campaigns/audiences/events.yaml:7) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN did_order_any_this_month
    ON did_order_any_this_month.user_key = u.user_key
)
SELECT
  u.user_id
FROM audience_any_name AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
