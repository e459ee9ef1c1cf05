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

-- split_holds_did
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
), split_did_order_completed_last_30_days AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:2) */
  SELECT
    e.subject_key
  FROM split_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts >= CAST('2026-10-17 10:00:00' AS TIMESTAMP) AND e.ts > e."30_days_earlier"
    )
    AND (
      e."revenue:number" > 100 AND e."category:text" = 'shoes'
    )
  GROUP BY
    e.subject_key
), split_audience_did AS (
  /* audience did (campaigns/audiences/events.yaml:1) */
  SELECT
    split_did_order_completed_last_30_days.subject_key
  FROM split_did_order_completed_last_30_days
)
SELECT
  split_audience_did.subject_key
FROM split_audience_did

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_did AS r

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
    (
      e.event_key = /* Order Completed */ 1
      AND (
        e."revenue:number" > 100 AND e."category:text" = 'shoes'
      )
    )
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
    (
      e.event_key = /* Order Completed */ 1
      AND (
        e."revenue:number" > 100 AND e."category:text" = 'shoes'
      )
    )
    AND (
      e.ts > CAST('2026-10-17 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-10-24 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
