WITH did_order_completed_since_2026_11_10 AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:5) */
  SELECT
    e.user_key,
    COUNT(*) AS n
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts >= CAST('2026-11-10 00:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  GROUP BY
    e.user_key
), audience_never_did AS (
  /* audience never_did (campaigns/audiences/events.yaml:4) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN did_order_completed_since_2026_11_10
    ON did_order_completed_since_2026_11_10.user_key = u.user_key
  WHERE
    COALESCE(did_order_completed_since_2026_11_10.n, 0) = 0
)
SELECT
  u.user_id
FROM audience_never_did AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
