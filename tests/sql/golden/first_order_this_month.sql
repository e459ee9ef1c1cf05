WITH first_order_completed_this_month AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:27) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
  GROUP BY
    e.user_key
  HAVING
    MIN(e.ts) >= CAST('2026-11-01 00:00:00' AS TIMESTAMP)
    AND MIN(e.ts) <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), audience_first_order_this_month AS (
  /* audience first_order_this_month (campaigns/audiences/events.yaml:26) */
  SELECT
    first_order_completed_this_month.user_key
  FROM first_order_completed_this_month
)
SELECT
  u.user_id
FROM audience_first_order_this_month AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
