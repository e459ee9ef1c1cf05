WITH sequence_product_viewed_order_completed_email_opened_step_1 AS (
  /* step 1: Product Viewed (campaigns/audiences/sequences.yaml:17) */
  SELECT DISTINCT
    e.user_key,
    e.ts,
    e.ts AS first_ts
  FROM events AS e
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), sequence_product_viewed_order_completed_email_opened_step_2_events AS (
  /* events for step 2 (campaigns/audiences/sequences.yaml:17) */
  SELECT
    e.user_key,
    e.ts
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), forbidden_any_event AS (
  /* what must not happen: * (campaigns/audiences/sequences.yaml:17) */
  SELECT DISTINCT
    e.user_key,
    e.ts
  FROM events AS e
  WHERE
    e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), sequence_product_viewed_order_completed_email_opened_step_2 AS (
  /* step 2: Order Completed (campaigns/audiences/sequences.yaml:17) */
  SELECT
    e.user_key,
    e.ts,
    MAX(a.first_ts) AS first_ts
  FROM sequence_product_viewed_order_completed_email_opened_step_2_events AS e
  ASOF JOIN sequence_product_viewed_order_completed_email_opened_step_1 AS a
    ON e.user_key = a.user_key AND e.ts >= a.ts
  ASOF LEFT JOIN forbidden_any_event AS between_1
    ON a.user_key = between_1.user_key AND a.ts < between_1.ts
  WHERE
    between_1.ts IS NULL OR between_1.ts >= e.ts
  GROUP BY
    e.user_key,
    e.ts
), sequence_product_viewed_order_completed_email_opened_step_3_events AS (
  /* events for step 3 (campaigns/audiences/sequences.yaml:17) */
  SELECT
    e.user_key,
    e.ts
  FROM events AS e
  WHERE
    e.event_key = /* Email Opened */ 0
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), sequence_product_viewed_order_completed_email_opened_step_3 AS (
  /* step 3: Email Opened (campaigns/audiences/sequences.yaml:17) */
  SELECT
    e.user_key,
    e.ts,
    MAX(a.first_ts) AS first_ts
  FROM sequence_product_viewed_order_completed_email_opened_step_3_events AS e
  ASOF JOIN sequence_product_viewed_order_completed_email_opened_step_2 AS a
    ON e.user_key = a.user_key AND e.ts >= a.ts
  ASOF LEFT JOIN forbidden_any_event AS between_1
    ON a.user_key = between_1.user_key AND a.ts < between_1.ts
  WHERE
    between_1.ts IS NULL OR between_1.ts >= e.ts
  GROUP BY
    e.user_key,
    e.ts
), sequence_product_viewed_order_completed_email_opened AS (
  /* who did the sequence (campaigns/audiences/sequences.yaml:17) */
  SELECT DISTINCT
    a.user_key
  FROM sequence_product_viewed_order_completed_email_opened_step_3 AS a
  WHERE
    a.ts <= UTC_FROM_EUROPE_LONDON((
      LOCAL_IN_EUROPE_LONDON(a.first_ts) + TO_MONTHS(1)
    ))
), audience_strictly_in_a_row AS (
  /* audience strictly_in_a_row (campaigns/audiences/sequences.yaml:15) */
  SELECT
    sequence_product_viewed_order_completed_email_opened.user_key
  FROM sequence_product_viewed_order_completed_email_opened
)
SELECT
  u.user_id
FROM audience_strictly_in_a_row AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
