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

-- split_some_account_of_colleagues_subjects
SELECT
  ROW_NUMBER() OVER (ORDER BY s.subject_key ASC, m.account_key ASC) AS subject_key,
  s.subject_key AS asked_key,
  m.account_key,
  u.account_id AS user_id,
  s."30_days_earlier",
  s.as_of
FROM split_subjects AS s
JOIN membership_history AS m
  ON m.user_key = s.user_key AND m.since <= s.as_of
JOIN accounts AS u
  ON u.account_key = m.account_key

-- split_some_account_of_colleagues_some_user_of_colleagues_subjects
SELECT
  ROW_NUMBER() OVER (ORDER BY s.subject_key ASC, m.user_key ASC) AS subject_key,
  s.subject_key AS asked_key,
  m.user_key,
  u.user_id AS user_id,
  s."30_days_earlier",
  s.as_of
FROM split_some_account_of_colleagues_subjects AS s
JOIN membership_history AS m
  ON m.account_key = s.account_key AND m.since <= s.as_of
JOIN users AS u
  ON u.user_key = m.user_key

-- split_holds_colleagues
WITH split_some_account_of_colleagues_events AS (
  /* the events of a subject up to its instant, of all users */
  SELECT
    s.subject_key,
    s."30_days_earlier",
    s.as_of,
    r.*
  FROM events AS r
  JOIN membership_history AS m
    ON m.user_key = r.user_key
  JOIN split_some_account_of_colleagues_subjects AS s
    ON s.account_key = m.account_key AND r.ts <= s.as_of AND m.since <= s.as_of
  WHERE
    r.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), split_some_account_of_colleagues_did_order_completed_last_30_days AS (
  /* who did: Order Completed (campaigns/audiences/accounts.yaml:3) */
  SELECT
    e.subject_key,
    COUNT(*) AS n
  FROM split_some_account_of_colleagues_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts >= CAST('2026-10-17 10:00:00' AS TIMESTAMP) AND e.ts > e."30_days_earlier"
    )
    AND e."product_id:present"
  GROUP BY
    e.subject_key
), split_some_account_of_colleagues_audience_account_bought_twice AS (
  /* audience account_bought_twice (campaigns/audiences/accounts.yaml:1) */
  SELECT
    u.subject_key
  FROM split_some_account_of_colleagues_subjects AS u
  INNER JOIN split_some_account_of_colleagues_did_order_completed_last_30_days
    ON split_some_account_of_colleagues_did_order_completed_last_30_days.subject_key = u.subject_key
  WHERE
    COALESCE(split_some_account_of_colleagues_did_order_completed_last_30_days.n, 0) >= 2
), split_some_account_of_colleagues_some_user_of_colleagues_events AS (
  /* the events of a subject up to its instant */
  SELECT
    s.subject_key,
    s."30_days_earlier",
    s.as_of,
    r.*
  FROM events AS r
  JOIN split_some_account_of_colleagues_some_user_of_colleagues_subjects AS s
    ON s.user_key = r.user_key AND r.ts <= s.as_of
  WHERE
    r.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), split_some_account_of_colleagues_some_user_of_colleagues_did_email_opened AS (
  /* who did: Email Opened (campaigns/audiences/accounts.yaml:39) */
  SELECT
    e.subject_key
  FROM split_some_account_of_colleagues_some_user_of_colleagues_events AS e
  WHERE
    e.event_key = /* Email Opened */ 0
  GROUP BY
    e.subject_key
), split_some_account_of_colleagues_some_user_of_colleagues_meeting AS (
  /* those of these users that meet it (campaigns/audiences/accounts.yaml:39) */
  SELECT
    split_some_account_of_colleagues_some_user_of_colleagues_did_email_opened.subject_key
  FROM split_some_account_of_colleagues_some_user_of_colleagues_did_email_opened
), split_some_account_of_colleagues_some_user_of_colleagues AS (
  /* who has user that meets it (campaigns/audiences/accounts.yaml:39) */
  SELECT DISTINCT
    s.asked_key AS subject_key
  FROM split_some_account_of_colleagues_some_user_of_colleagues_subjects AS s
  JOIN split_some_account_of_colleagues_some_user_of_colleagues_meeting
    ON split_some_account_of_colleagues_some_user_of_colleagues_meeting.subject_key = s.subject_key
), split_some_account_of_colleagues_meeting AS (
  /* those of these accounts that meet it (campaigns/audiences/accounts.yaml:39) */
  SELECT
    u.subject_key
  FROM split_some_account_of_colleagues_subjects AS u
  INNER JOIN split_some_account_of_colleagues_audience_account_bought_twice
    ON split_some_account_of_colleagues_audience_account_bought_twice.subject_key = u.subject_key
  INNER JOIN split_some_account_of_colleagues_some_user_of_colleagues
    ON split_some_account_of_colleagues_some_user_of_colleagues.subject_key = u.subject_key
), split_some_account_of_colleagues AS (
  /* who has account that meets it (campaigns/audiences/accounts.yaml:39) */
  SELECT DISTINCT
    s.asked_key AS subject_key
  FROM split_some_account_of_colleagues_subjects AS s
  JOIN split_some_account_of_colleagues_meeting
    ON split_some_account_of_colleagues_meeting.subject_key = s.subject_key
), split_audience_colleagues AS (
  /* audience colleagues (campaigns/audiences/accounts.yaml:38) */
  SELECT
    u.subject_key
  FROM split_subjects AS u
  INNER JOIN split_some_account_of_colleagues
    ON split_some_account_of_colleagues.subject_key = u.subject_key
)
SELECT
  split_audience_colleagues.subject_key
FROM split_audience_colleagues

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_colleagues AS r

-- when it may change
SELECT DISTINCT
  c.subject_key,
  c."at"
FROM (
  SELECT
    s.subject_key AS subject_key,
    m.since AS "at"
  FROM membership_history AS m
  JOIN waiting AS s
    ON s.user_key = m.user_key
  WHERE
    m.since > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    AND m.since <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    e.ts AS "at"
  FROM events AS e
  JOIN membership_history AS m
    ON m.user_key = e.user_key
  JOIN (
    SELECT
      s.subject_key,
      m.account_key
    FROM waiting AS s
    JOIN membership_history AS m
      ON m.user_key = s.user_key
  ) AS s
    ON s.account_key = m.account_key
  WHERE
    (
      e.event_key = /* Order Completed */ 1 AND e."product_id:present"
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
  JOIN membership_history AS m
    ON m.user_key = e.user_key
  JOIN (
    SELECT
      s.subject_key,
      m.account_key
    FROM waiting AS s
    JOIN membership_history AS m
      ON m.user_key = s.user_key
  ) AS s
    ON s.account_key = m.account_key
  WHERE
    (
      e.event_key = /* Order Completed */ 1 AND e."product_id:present"
    )
    AND (
      e.ts > CAST('2026-10-17 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-10-24 10:00:00' AS TIMESTAMP)
    )
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    m.since AS "at"
  FROM membership_history AS m
  JOIN (
    SELECT
      s.subject_key,
      m.account_key
    FROM waiting AS s
    JOIN membership_history AS m
      ON m.user_key = s.user_key
  ) AS s
    ON s.account_key = m.account_key
  WHERE
    m.since > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
    AND m.since <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  UNION ALL
  SELECT
    s.subject_key AS subject_key,
    e.ts AS "at"
  FROM events AS e
  JOIN (
    SELECT
      s.subject_key,
      m.user_key
    FROM (
      SELECT
        s.subject_key,
        m.account_key
      FROM waiting AS s
      JOIN membership_history AS m
        ON m.user_key = s.user_key
    ) AS s
    JOIN membership_history AS m
      ON m.account_key = s.account_key
  ) AS s
    ON s.user_key = e.user_key
  WHERE
    e.event_key = /* Email Opened */ 0
    AND (
      e.ts > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
