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
    did_order_any_this_month.user_key
  FROM did_order_any_this_month
)
SELECT
  u.user_id
FROM audience_any_name AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
