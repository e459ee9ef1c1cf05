WITH sequence_product_viewed_order_completed_step_1 AS (
  /* step 1: Product Viewed (campaigns/audiences/sequences.yaml:4) */
  SELECT DISTINCT
    e.user_key,
    e.ts
  FROM events AS e
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND (
      e.ts > CAST('2026-10-24 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
), sequence_product_viewed_order_completed_step_2_events AS (
  /* events for step 2 (campaigns/audiences/sequences.yaml:5) */
  SELECT
    e.user_key,
    e.ts
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-10-24 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
), sequence_product_viewed_order_completed_step_2 AS (
  /* step 2: Order Completed (campaigns/audiences/sequences.yaml:5) */
  SELECT DISTINCT
    e.user_key,
    e.ts
  FROM sequence_product_viewed_order_completed_step_2_events AS e
  ASOF JOIN sequence_product_viewed_order_completed_step_1 AS a
    ON e.user_key = a.user_key AND e.ts >= a.ts
  WHERE
    e.ts <= (
      a.ts + TO_SECONDS(604800)
    )
), sequence_product_viewed_order_completed AS (
  /* who did the sequence (campaigns/audiences/sequences.yaml:4) */
  SELECT DISTINCT
    a.user_key
  FROM sequence_product_viewed_order_completed_step_2 AS a
), audience_viewed_then_ordered AS (
  /* audience viewed_then_ordered (campaigns/audiences/sequences.yaml:1) */
  SELECT
    sequence_product_viewed_order_completed.user_key
  FROM sequence_product_viewed_order_completed
)
SELECT
  u.user_id
FROM audience_viewed_then_ordered AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
