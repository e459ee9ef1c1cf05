WITH did_email_opened AS (
  /* who did: Email Opened (campaigns/audiences/events.yaml:33) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key = /* Email Opened */ 0
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    AND e."[""utm.source""]:text" = 'ads'
  GROUP BY
    e.user_key
), audience_quoted_path AS (
  /* audience quoted_path (campaigns/audiences/events.yaml:32) */
  SELECT
    did_email_opened.user_key
  FROM did_email_opened
)
SELECT
  u.user_id
FROM audience_quoted_path AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
