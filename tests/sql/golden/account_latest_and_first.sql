WITH account_events AS (
  /* the events of all users of an account */
  SELECT
    m.account_key,
    e.*
  FROM events AS e
  JOIN members AS m
    ON m.user_key = e.user_key
), account_latest_product_viewed AS (
  /* whose latest such event meets more (campaigns/audiences/accounts.yaml:16) */
  SELECT
    e.account_key
  FROM (
    SELECT
      e.*,
      ROW_NUMBER() OVER (PARTITION BY e.account_key ORDER BY e.ts DESC, e.message_id DESC) AS place
    FROM account_events AS e
    WHERE
      e.event_key = /* Product Viewed */ 3
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  ) AS e
  WHERE
    e.place = 1 AND e."product_id:text" = 'p9'
), account_first_email_opened_last_30_days AS (
  /* who did: Email Opened (campaigns/audiences/accounts.yaml:17) */
  SELECT
    e.account_key
  FROM account_events AS e
  WHERE
    e.event_key = /* Email Opened */ 0 AND NOT COALESCE(e."utm:present", FALSE)
  GROUP BY
    e.account_key
  HAVING
    MIN(e.ts) > CAST('2026-10-24 10:00:00' AS TIMESTAMP)
    AND MIN(e.ts) <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), audience_account_latest_and_first AS (
  /* audience account_latest_and_first (campaigns/audiences/accounts.yaml:12) */
  SELECT
    u.account_key
  FROM accounts AS u
  LEFT JOIN account_latest_product_viewed
    ON account_latest_product_viewed.account_key = u.account_key
  LEFT JOIN account_first_email_opened_last_30_days
    ON account_first_email_opened_last_30_days.account_key = u.account_key
  WHERE
    NOT account_latest_product_viewed.account_key IS NULL
    OR NOT account_first_email_opened_last_30_days.account_key IS NULL
)
SELECT
  u.account_id
FROM audience_account_latest_and_first AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
