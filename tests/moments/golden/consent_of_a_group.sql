-- split_subjects
SELECT
  s.subject_key,
  s.user_key,
  u.user_id,
  s."at" AS "as_of"
FROM waiting AS s
JOIN users AS u
  ON u.user_key = s.user_key

-- split_holds_consent_of_a_group
WITH split_consents AS (
  /* the subscription states of a subject as of its instant */
  SELECT
    s.subject_key,
    r.*
  FROM consent_history AS r
  JOIN split_subjects AS s
    ON s.user_key = r.user_key
    AND (
      r.since <= s.as_of AND (
        r.until IS NULL OR r.until > s.as_of
      )
    )
), split_consent_email_promotions AS (
  /* subscription state to promotions on email (campaigns/audiences/consents.yaml:5) */
  SELECT
    split_consents.subject_key,
    CASE
      WHEN MAX(CASE WHEN split_consents."group" IS NULL THEN split_consents.status END) = 'unsubscribed'
      THEN 'unsubscribed'
      ELSE COALESCE(
        MAX(CASE WHEN split_consents."group" = 'promotions' THEN split_consents.status END),
        MAX(CASE WHEN split_consents."group" IS NULL THEN split_consents.status END)
      )
    END AS status
  FROM split_consents
  WHERE
    split_consents.channel = 'email'
    AND (
      split_consents."group" IS NULL OR split_consents."group" = 'promotions'
    )
  GROUP BY
    split_consents.subject_key
), split_audience_consent_of_a_group AS (
  /* audience consent_of_a_group (campaigns/audiences/consents.yaml:4) */
  SELECT
    u.subject_key
  FROM split_subjects AS u
  INNER JOIN split_consent_email_promotions
    ON split_consent_email_promotions.subject_key = u.subject_key
  WHERE
    split_consent_email_promotions.status IN ('did_not_subscribe', 'subscribed')
)
SELECT
  split_audience_consent_of_a_group.subject_key
FROM split_audience_consent_of_a_group

-- for whom it holds
SELECT
  r.subject_key
FROM split_holds_consent_of_a_group AS r

-- when it may change
SELECT DISTINCT
  c.subject_key,
  c."at"
FROM (
  SELECT
    s.subject_key AS subject_key,
    r.since AS "at"
  FROM consent_history AS r
  JOIN waiting AS s
    ON s.user_key = r.user_key
  WHERE
    r.channel = 'email'
    AND (
      r.since > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
      AND r.since <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
) AS c
WHERE
  c."at" > CAST('2026-11-16 10:00:00' AS TIMESTAMP)
  AND c."at" <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
