WITH did_order_completed AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:15) */
  SELECT
    e.user_key,
    COUNT(*) AS n,
    CAST(FORMAT('{:.9f}', EXACT_SUM(e."revenue:number")) AS DOUBLE) AS sum_revenue,
    DAYS_WITHIN_128(CAST(LOCAL_IN_EUROPE_LONDON(e.ts) AS DATE), CAST('2026-07-31' AS DATE)) AS days
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), audience_measures AS (
  /* audience measures (campaigns/audiences/events.yaml:10) */
  SELECT
    did_order_completed.user_key
  FROM did_order_completed
  WHERE
    COALESCE(did_order_completed.n, 0) >= 2
    AND COALESCE(did_order_completed.sum_revenue, 0) > 150
    AND NOT COALESCE(COALESCE(did_order_completed.days, 0) = 1, FALSE)
)
SELECT
  u.user_id
FROM audience_measures AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
