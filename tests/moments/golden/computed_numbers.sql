-- split_subjects
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  (
    s."at" + TO_SECONDS(-7776000)
  ) AS "90_days_earlier",
  s."at" AS "as_of"
FROM waiting AS s
JOIN users AS u
  ON u.user_key = s.user_key

-- split_holds_computed_numbers
WITH split_events AS (
  /* the events of a subject up to its instant */
  SELECT
    s.subject_key,
    s."90_days_earlier",
    s.as_of,
    r.*
  FROM events AS r
  JOIN split_subjects AS s
    ON s.user_key = r.user_key AND r.ts <= s.as_of
  WHERE
    r.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), split_did_order_completed AS (
  /* who did: Order Completed (campaigns/traits/computed.yaml:1) */
  SELECT
    e.subject_key,
    COUNT(*) AS n
  FROM split_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
  GROUP BY
    e.subject_key
), split_did_order_completed_last_90_days AS (
  /* who did: Order Completed (campaigns/traits/computed.yaml:5) */
  SELECT
    e.subject_key,
    CAST(FORMAT('{:.9f}', EXACT_SUM(e."revenue:number")) AS DOUBLE) AS sum_revenue
  FROM split_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts >= CAST('2026-08-18 10:00:00' AS TIMESTAMP) AND e.ts > e."90_days_earlier"
    )
  GROUP BY
    e.subject_key
), split_trait_average AS (
  /* trait average (campaigns/traits/computed.yaml:11) */
  SELECT
    u.subject_key,
    CAST(FORMAT(
      '{:.9f}',
      COALESCE(
        FINITE_NUMBER(
          (
            CAST(COALESCE(split_did_order_completed_last_90_days.sum_revenue, 0) AS DOUBLE)
          ) / NULLIF((
            CAST(COALESCE(split_did_order_completed.n, 0) AS DOUBLE)
          ), 0)
        ),
        0
      )
    ) AS DOUBLE) AS value
  FROM split_subjects AS u
  LEFT JOIN split_did_order_completed
    ON split_did_order_completed.subject_key = u.subject_key
  LEFT JOIN split_did_order_completed_last_90_days
    ON split_did_order_completed_last_90_days.subject_key = u.subject_key
), split_did_any_event AS (
  /* who did: * (campaigns/traits/computed.yaml:36) */
  SELECT
    e.subject_key,
    MAX(e.ts) AS last_at,
    MAX(e.as_of) AS as_of
  FROM split_events AS e
  WHERE
    TRUE
  GROUP BY
    e.subject_key
), split_audience_computed_numbers AS (
  /* audience computed_numbers (campaigns/traits/computed.yaml:40) */
  SELECT
    u.subject_key
  FROM split_subjects AS u
  LEFT JOIN split_trait_average
    ON split_trait_average.subject_key = u.subject_key
  LEFT JOIN split_did_any_event
    ON split_did_any_event.subject_key = u.subject_key
  WHERE
    CAST(split_trait_average.value AS DOUBLE) >= 50
    OR NOT COALESCE(
      CAST(CAST(FLOOR(
        (
          EPOCH_US(CAST(split_did_any_event.as_of AS TIMESTAMP)) - EPOCH_US(CAST(split_did_any_event.last_at AS TIMESTAMP))
        ) / 86400000000
      ) AS BIGINT) AS DOUBLE) < 3,
      FALSE
    )
)
SELECT
  split_audience_computed_numbers.subject_key
FROM split_audience_computed_numbers

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_computed_numbers AS r

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
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      e.ts + TO_SECONDS(7776000)
    ) AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-08-18 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-08-25 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    e.ts AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  WHERE
    e.ts > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  UNION ALL
  SELECT
    r.subject_key AS subject_key,
    (
      r.edge + TO_SECONDS(
        (
          CAST(FLOOR(
            (
              EPOCH_US(CAST('2026-11-16 10:00:00' AS TIMESTAMP)) - EPOCH_US(CAST(r.edge AS TIMESTAMP))
            ) / 86400000000
          ) AS BIGINT) + j.day
        ) * 86400
      )
    ) AS "at"
  FROM (
    SELECT
      s.subject_key AS subject_key,
      MAX(e.ts) AS edge
    FROM events AS e
    JOIN waiting AS s
      ON s.user_key = e.user_key
    WHERE
      e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    GROUP BY
      s.subject_key
  ) AS r
  CROSS JOIN (
    SELECT
      v.day
    FROM (VALUES
      (1),
      (2),
      (3),
      (4),
      (5),
      (6),
      (7),
      (8)) AS v(day)
  ) AS j
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      e.ts + TO_SECONDS(
        (
          CAST(FLOOR(
            (
              EPOCH_US(CAST('2026-11-16 10:00:00' AS TIMESTAMP)) - EPOCH_US(CAST(e.ts AS TIMESTAMP))
            ) / 86400000000
          ) AS BIGINT) + j.day
        ) * 86400
      )
    ) AS "at"
  FROM events AS e
  JOIN waiting AS s
    ON s.user_key = e.user_key
  CROSS JOIN (
    SELECT
      v.day
    FROM (VALUES
      (1),
      (2),
      (3),
      (4),
      (5),
      (6),
      (7),
      (8)) AS v(day)
  ) AS j
  WHERE
    e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    AND (
      e.ts > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
