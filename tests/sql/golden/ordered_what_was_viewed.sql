WITH sequence_product_viewed_order_completed_step_1 AS (
  /* step 1: Product Viewed (campaigns/audiences/sequences.yaml:11) */
  SELECT DISTINCT
    e.user_key,
    e.ts,
    e."product_id:elements" AS "1:product_id:elements",
    e."product_id:text" AS "1:product_id:text"
  FROM events AS e
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), sequence_product_viewed_order_completed_step_2 AS (
  /* step 2: Order Completed (campaigns/audiences/sequences.yaml:12) */
  SELECT DISTINCT
    e.user_key,
    e.ts
  FROM events AS e
  INNER JOIN sequence_product_viewed_order_completed_step_1 AS a
    ON e.user_key = a.user_key AND e.ts >= a.ts
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    AND e."product_id:text" = a."1:product_id:text"
), forbidden_order_refunded AS (
  /* what must not happen: Order Refunded (campaigns/audiences/sequences.yaml:13) */
  SELECT DISTINCT
    e.user_key,
    e.ts
  FROM events AS e
  WHERE
    e.event_key = /* Order Refunded */ 2
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), sequence_product_viewed_order_completed AS (
  /* who did the sequence (campaigns/audiences/sequences.yaml:11) */
  SELECT DISTINCT
    a.user_key
  FROM sequence_product_viewed_order_completed_step_2 AS a
  ASOF LEFT JOIN forbidden_order_refunded AS after_1
    ON a.user_key = after_1.user_key AND a.ts <= after_1.ts
  WHERE
    after_1.ts IS NULL OR after_1.ts > (
      a.ts + TO_SECONDS(1209600)
    )
), audience_ordered_what_was_viewed AS (
  /* audience ordered_what_was_viewed (campaigns/audiences/sequences.yaml:8) */
  SELECT
    sequence_product_viewed_order_completed.user_key
  FROM sequence_product_viewed_order_completed
)
SELECT
  u.user_id
FROM audience_ordered_what_was_viewed AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
