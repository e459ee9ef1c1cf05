-- split_subjects
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  (
    s."at" + TO_SECONDS(-604800)
  ) AS "1_week_earlier",
  (
    s."at" + TO_SECONDS(-1209600)
  ) AS "2_weeks_earlier",
  (
    s."at" + TO_SECONDS(-1814400)
  ) AS "3_weeks_earlier",
  s."at" AS "as_of"
FROM waiting AS s
JOIN users AS u
  ON u.user_key = s.user_key

-- split_holds_regular
WITH split_events AS (
  /* the events of a subject up to its instant */
  SELECT
    s.subject_key,
    s."1_week_earlier",
    s."2_weeks_earlier",
    s."3_weeks_earlier",
    s.as_of,
    r.*
  FROM events AS r
  JOIN split_subjects AS s
    ON s.user_key = r.user_key AND r.ts <= s.as_of
  WHERE
    r.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), split_did_order_completed_or_email_opened_in_3_times_1_week AS (
  /* stretches with and without it (campaigns/audiences/events.yaml:30) */
  SELECT
    c.subject_key,
    SUM(CASE WHEN COALESCE(c.n >= 1, FALSE) THEN 1 ELSE 0 END) AS passing,
    COUNT(*) AS active
  FROM (
    SELECT
      e.subject_key,
      e.number,
      COUNT(*) AS n
    FROM (
      SELECT
        e.subject_key,
        CASE
          WHEN e.ts > e."1_week_earlier"
          THEN 0
          WHEN e.ts > e."2_weeks_earlier"
          THEN 1
          WHEN e.ts > e."3_weeks_earlier"
          THEN 2
        END AS number
      FROM split_events AS e
      WHERE
        e.event_key IN (0, 1) /* Email Opened, Order Completed */
        AND (
          e.ts >= CAST('2026-10-26 10:00:00' AS TIMESTAMP)
          AND (
            e.ts > e."3_weeks_earlier" AND e.ts <= e.as_of
          )
        )
    ) AS e
    GROUP BY
      e.subject_key,
      e.number
  ) AS c
  GROUP BY
    c.subject_key
), split_audience_regular AS (
  /* audience regular (campaigns/audiences/events.yaml:29) */
  SELECT
    split_did_order_completed_or_email_opened_in_3_times_1_week.subject_key
  FROM split_did_order_completed_or_email_opened_in_3_times_1_week
  WHERE
    COALESCE(split_did_order_completed_or_email_opened_in_3_times_1_week.passing, 0) >= 2
)
SELECT
  split_audience_regular.subject_key
FROM split_audience_regular

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_regular AS r

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
    e.event_key IN (0, 1) /* Email Opened, Order Completed */
    AND (
      e.ts > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      e.ts + TO_SECONDS(604800)
    ) AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key IN (0, 1) /* Email Opened, Order Completed */
    AND (
      e.ts > CAST('2026-11-09 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      e.ts + TO_SECONDS(1209600)
    ) AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key IN (0, 1) /* Email Opened, Order Completed */
    AND (
      e.ts > CAST('2026-11-02 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-09 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      e.ts + TO_SECONDS(1814400)
    ) AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key IN (0, 1) /* Email Opened, Order Completed */
    AND (
      e.ts > CAST('2026-10-26 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-02 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
