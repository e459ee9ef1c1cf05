WITH did_order_completed_last_30_days AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:2) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-10-24 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
    AND (
      e."revenue:number" > 100 AND e."category:text" = 'shoes'
    )
  GROUP BY
    e.user_key
), audience_did AS (
  /* audience did (campaigns/audiences/events.yaml:1) */
  SELECT
    did_order_completed_last_30_days.user_key
  FROM did_order_completed_last_30_days
)
SELECT
  u.user_id
FROM audience_did AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
