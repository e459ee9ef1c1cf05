-- split_subjects
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  (
    s."at" + TO_SECONDS(-2592000)
  ) AS "30_days_earlier",
  s."at" AS "as_of"
FROM waiting AS s
JOIN users AS u
  ON u.user_key = s.user_key

-- split_holds_viewed_then_ordered
WITH split_events AS (
  /* the events of a subject up to its instant */
  SELECT
    s.subject_key,
    s."30_days_earlier",
    s.as_of,
    r.*
  FROM events AS r
  JOIN split_subjects AS s
    ON s.user_key = r.user_key AND r.ts <= s.as_of
  WHERE
    r.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), split_sequence_product_viewed_order_completed_step_1 AS (
  /* step 1: Product Viewed (campaigns/audiences/sequences.yaml:4) */
  SELECT DISTINCT
    e.subject_key,
    e.ts
  FROM split_events AS e
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND (
      e.ts >= CAST('2026-10-17 10:00:00' AS TIMESTAMP) AND e.ts > e."30_days_earlier"
    )
), split_sequence_product_viewed_order_completed_step_2_events AS (
  /* events for step 2 (campaigns/audiences/sequences.yaml:5) */
  SELECT
    e.subject_key,
    e.ts
  FROM split_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts >= CAST('2026-10-17 10:00:00' AS TIMESTAMP) AND e.ts > e."30_days_earlier"
    )
), split_sequence_product_viewed_order_completed_step_2 AS (
  /* step 2: Order Completed (campaigns/audiences/sequences.yaml:5) */
  SELECT DISTINCT
    e.subject_key,
    e.ts
  FROM split_sequence_product_viewed_order_completed_step_2_events AS e
  ASOF JOIN split_sequence_product_viewed_order_completed_step_1 AS a
    ON e.subject_key = a.subject_key AND e.ts >= a.ts
  WHERE
    e.ts <= (
      a.ts + TO_SECONDS(604800)
    )
), split_sequence_product_viewed_order_completed AS (
  /* who did the sequence (campaigns/audiences/sequences.yaml:4) */
  SELECT DISTINCT
    a.subject_key
  FROM split_sequence_product_viewed_order_completed_step_2 AS a
), split_audience_viewed_then_ordered AS (
  /* audience viewed_then_ordered (campaigns/audiences/sequences.yaml:1) */
  SELECT
    split_sequence_product_viewed_order_completed.subject_key
  FROM split_sequence_product_viewed_order_completed
)
SELECT
  split_audience_viewed_then_ordered.subject_key
FROM split_audience_viewed_then_ordered

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_viewed_then_ordered AS r

-- when it may change
SELECT DISTINCT
  c.subject_key,
  c."at"
FROM (
  SELECT
    s.subject_key AS subject_key,
    e.ts AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND (
      e.ts > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      e.ts + TO_SECONDS(2592000)
    ) AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND (
      e.ts > CAST('2026-10-17 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-10-24 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    e.ts AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      e.ts + TO_SECONDS(2592000)
    ) AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-10-17 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-10-24 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
