WITH latest_order_completed AS (
  /* whose latest such event meets more (campaigns/audiences/events.yaml:24) */
  SELECT
    e.user_key
  FROM (
    SELECT
      e.*,
      ROW_NUMBER() OVER (PARTITION BY e.user_key ORDER BY e.ts DESC, e.message_id DESC) AS place
    FROM events AS e
    WHERE
      e.event_key = /* Order Completed */ 1
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  ) AS e
  WHERE
    e.place = 1 AND NOT COALESCE(e."plan:text" = 'free', FALSE)
), audience_latest_order AS (
  /* audience latest_order (campaigns/audiences/events.yaml:23) */
  SELECT
    latest_order_completed.user_key
  FROM latest_order_completed
)
SELECT
  u.user_id
FROM audience_latest_order AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
