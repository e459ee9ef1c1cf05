-- split_subjects
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  s."at" AS "as_of",
  UTC_FROM_EUROPE_LONDON(
    (
      CAST(DATE_TRUNC('month', LOCAL_IN_EUROPE_LONDON(s."at")) AS TIMESTAMP) + TO_MONTHS(1)
    )
  ) AS "start_of_next_month",
  UTC_FROM_EUROPE_LONDON(CAST(DATE_TRUNC('month', LOCAL_IN_EUROPE_LONDON(s."at")) AS TIMESTAMP)) AS "start_of_this_month"
FROM waiting AS s
JOIN users AS u
  ON u.user_key = s.user_key

-- split_holds_first_order_this_month
WITH split_events AS (
  /* the events of a subject up to its instant */
  SELECT
    s.subject_key,
    s.as_of,
    s.start_of_next_month,
    s.start_of_this_month,
    r.*
  FROM events AS r
  JOIN split_subjects AS s
    ON s.user_key = r.user_key AND r.ts <= s.as_of
  WHERE
    r.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), split_first_order_completed_this_month AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:27) */
  SELECT
    e.subject_key
  FROM (
    SELECT
      e.*,
      ROW_NUMBER() OVER (PARTITION BY e.subject_key ORDER BY e.ts ASC, e.message_id ASC) AS place
    FROM split_events AS e
    WHERE
      e.event_key = /* Order Completed */ 1
  ) AS e
  WHERE
    e.place = 1
    AND (
      e.ts >= e.start_of_this_month AND e.ts < e.start_of_next_month
    )
  GROUP BY
    e.subject_key
), split_audience_first_order_this_month AS (
  /* audience first_order_this_month (campaigns/audiences/events.yaml:26) */
  SELECT
    split_first_order_completed_this_month.subject_key
  FROM split_first_order_completed_this_month
)
SELECT
  split_audience_first_order_this_month.subject_key
FROM split_audience_first_order_this_month

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_first_order_this_month AS r

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
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
