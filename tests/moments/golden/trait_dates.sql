-- split_subjects
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  UTC_FROM_EUROPE_LONDON((
    LOCAL_IN_EUROPE_LONDON(s."at") + TO_MONTHS(-1)
  )) AS "1_month_earlier",
  s."at" AS "as_of"
FROM waiting AS s
JOIN users AS u
  ON u.user_key = s.user_key

-- split_holds_trait_dates
WITH split_traits AS (
  /* the traits of a subject as of its instant */
  SELECT
    s.subject_key,
    r.*
  FROM trait_history AS r
  JOIN split_subjects AS s
    ON s.user_key = r.user_key
    AND (
      r.since <= s.as_of AND (
        r.until IS NULL OR r.until > s.as_of
      )
    )
), split_audience_trait_dates AS (
  /* audience trait_dates (campaigns/audiences/traits.yaml:10) */
  SELECT
    u.subject_key
  FROM split_subjects AS u
  LEFT JOIN split_traits AS t
    ON t.subject_key = u.subject_key
  WHERE
    (
      (
        (
          CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP) + TO_MONTHS(
            CAST((
              (
                EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP)) - EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP))
              ) + 0
            ) * 12 AS INT)
          )
        ) >= CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP)
        AND (
          CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP) + TO_MONTHS(
            CAST((
              (
                EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP)) - EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP))
              ) + 0
            ) * 12 AS INT)
          )
        ) <= (
          CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP) + TO_SECONDS(604800)
        )
      )
      OR (
        (
          CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP) + TO_MONTHS(
            CAST((
              (
                EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP)) - EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP))
              ) + 1
            ) * 12 AS INT)
          )
        ) >= CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP)
        AND (
          CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP) + TO_MONTHS(
            CAST((
              (
                EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP)) - EXTRACT(YEAR FROM CAST(CAST(LOCAL_IN_EUROPE_LONDON(t."birthday:instant") AS DATE) AS TIMESTAMP))
              ) + 1
            ) * 12 AS INT)
          )
        ) <= (
          CAST(CAST(LOCAL_IN_EUROPE_LONDON(u.as_of) AS DATE) AS TIMESTAMP) + TO_SECONDS(604800)
        )
      )
    )
    OR (
      t."signed_up_at:instant" > u."1_month_earlier"
      AND t."signed_up_at:instant" <= u.as_of
    )
)
SELECT
  split_audience_trait_dates.subject_key
FROM split_audience_trait_dates

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_trait_dates AS r

-- when it may change
SELECT DISTINCT
  c.subject_key,
  c."at"
FROM (
  SELECT
    s.subject_key AS subject_key,
    t.since AS "at"
  FROM trait_history AS t
  JOIN waiting AS s
    ON s.user_key = t.user_key
  WHERE
    t.since > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    AND t.since <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    j.turn AS "at"
  FROM trait_history AS t
  JOIN waiting AS s
    ON s.user_key = t.user_key
  JOIN (
    SELECT
      v.turn,
      v.day_of_year
    FROM (VALUES
      (CAST('2026-11-17 00:00:00' AS TIMESTAMP), 1116),
      (CAST('2026-11-17 00:00:00' AS TIMESTAMP), 1124),
      (CAST('2026-11-18 00:00:00' AS TIMESTAMP), 1117),
      (CAST('2026-11-18 00:00:00' AS TIMESTAMP), 1125),
      (CAST('2026-11-19 00:00:00' AS TIMESTAMP), 1118),
      (CAST('2026-11-19 00:00:00' AS TIMESTAMP), 1126),
      (CAST('2026-11-20 00:00:00' AS TIMESTAMP), 1119),
      (CAST('2026-11-20 00:00:00' AS TIMESTAMP), 1127),
      (CAST('2026-11-21 00:00:00' AS TIMESTAMP), 1120),
      (CAST('2026-11-21 00:00:00' AS TIMESTAMP), 1128),
      (CAST('2026-11-22 00:00:00' AS TIMESTAMP), 1121),
      (CAST('2026-11-22 00:00:00' AS TIMESTAMP), 1129),
      (CAST('2026-11-23 00:00:00' AS TIMESTAMP), 1122),
      (CAST('2026-11-23 00:00:00' AS TIMESTAMP), 1130)) AS v(turn, day_of_year)
  ) AS j
    ON j.day_of_year = EXTRACT(MONTH FROM LOCAL_IN_EUROPE_LONDON(t."birthday:instant")) * 100 + EXTRACT(DAY FROM LOCAL_IN_EUROPE_LONDON(t."birthday:instant"))
  WHERE
    (
      t.until IS NULL OR t.until > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    (
      UTC_FROM_EUROPE_LONDON(
        (
          (
            LOCAL_IN_EUROPE_LONDON(t."signed_up_at:instant") + TO_MONTHS(1)
          ) + TO_SECONDS(j.days)
        )
      ) + TO_SECONDS(j.fold)
    ) AS "at"
  FROM trait_history AS t
  JOIN waiting AS s
    ON s.user_key = t.user_key
  CROSS JOIN (
    SELECT
      v.days,
      v.fold
    FROM (VALUES
      (0, 0),
      (86400, 0),
      (172800, 0),
      (259200, 0)) AS v(days, fold)
  ) AS j
  WHERE
    (
      (
        t.until IS NULL OR t.until > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      )
      AND (
        t."signed_up_at:instant" >= CAST('2026-10-10 09:00:00' AS TIMESTAMP)
        AND t."signed_up_at:instant" <= CAST('2026-10-29 09:00:00' AS TIMESTAMP)
      )
    )
    AND (
      j.days = 0
      OR EXTRACT(DAY FROM LOCAL_IN_EUROPE_LONDON(t."signed_up_at:instant")) >= 28
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    t."signed_up_at:instant" AS "at"
  FROM trait_history AS t
  JOIN waiting AS s
    ON s.user_key = t.user_key
  WHERE
    (
      t.until IS NULL OR t.until > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    )
    AND (
      t."signed_up_at:instant" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND t."signed_up_at:instant" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
