WITH sequence_product_viewed_order_completed_email_opened_events AS (
  /* events and the steps they fit (campaigns/audiences/sequences.yaml:23) */
  SELECT
    m.user_key,
    m.ts,
    m.message_id,
    CAST(SUM(m.step) AS BIGINT) AS steps
  FROM (
    SELECT
      e.user_key,
      e.ts,
      e.message_id,
      1 AS step
    FROM events AS e
    WHERE
      e.event_key = /* Product Viewed */ 3
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    UNION ALL
    SELECT
      e.user_key,
      e.ts,
      e.message_id,
      2 AS step
    FROM events AS e
    WHERE
      e.event_key = /* Order Completed */ 1
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    UNION ALL
    SELECT
      e.user_key,
      e.ts,
      e.message_id,
      4 AS step
    FROM events AS e
    WHERE
      e.event_key = /* Email Opened */ 0
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  ) AS m
  GROUP BY
    m.user_key,
    m.ts,
    m.message_id
), sequence_product_viewed_order_completed_email_opened_without_1 AS (
  /* what must not happen: Order Refunded (campaigns/audiences/sequences.yaml:27) */
  SELECT DISTINCT
    e.user_key,
    e.ts
  FROM events AS e
  WHERE
    e.event_key = /* Order Refunded */ 2
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), sequence_product_viewed_order_completed_email_opened AS (
  /* who did so many of the steps (campaigns/audiences/sequences.yaml:23) */
  SELECT DISTINCT
    a.user_key
  FROM (
    SELECT DISTINCT
      m.user_key,
      m.ts
    FROM sequence_product_viewed_order_completed_email_opened_events AS m
  ) AS a
  ASOF LEFT JOIN sequence_product_viewed_order_completed_email_opened_without_1 AS w1
    ON a.user_key = w1.user_key AND a.ts < w1.ts
  JOIN sequence_product_viewed_order_completed_email_opened_events AS m
    ON m.user_key = a.user_key
    AND m.ts >= a.ts
    AND m.ts <= (
      a.ts + TO_SECONDS(172800)
    )
  WHERE
    w1.ts IS NULL OR w1.ts >= m.ts
  GROUP BY
    a.user_key,
    a.ts
  HAVING
    COUNT(CASE WHEN (
      m.steps & 3
    ) <> 0 THEN 1 END) >= 1
    AND COUNT(CASE WHEN (
      m.steps & 5
    ) <> 0 THEN 1 END) >= 1
    AND COUNT(CASE WHEN (
      m.steps & 6
    ) <> 0 THEN 1 END) >= 1
    AND COUNT(CASE WHEN (
      m.steps & 7
    ) <> 0 THEN 1 END) >= 2
), audience_two_of_three AS (
  /* audience two_of_three (campaigns/audiences/sequences.yaml:21) */
  SELECT
    sequence_product_viewed_order_completed_email_opened.user_key
  FROM sequence_product_viewed_order_completed_email_opened
)
SELECT
  u.user_id
FROM audience_two_of_three AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
