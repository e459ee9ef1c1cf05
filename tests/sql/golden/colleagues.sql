WITH account_events AS (
  /* the events of all users of an account */
  SELECT
    m.account_key,
    e.*
  FROM events AS e
  JOIN members AS m
    ON m.user_key = e.user_key
), account_did_order_completed_last_30_days AS (
  /* who did: Order Completed (campaigns/audiences/accounts.yaml:3) */
  SELECT
    e.account_key,
    COUNT(*) AS n
  FROM account_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-10-24 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
    AND e."product_id:present"
  GROUP BY
    e.account_key
), audience_account_bought_twice AS (
  /* audience account_bought_twice (campaigns/audiences/accounts.yaml:1) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN account_did_order_completed_last_30_days
    ON account_did_order_completed_last_30_days.account_key = u.account_key
  WHERE
    COALESCE(account_did_order_completed_last_30_days.n, 0) >= 2
), did_email_opened AS (
  /* who did: Email Opened (campaigns/audiences/accounts.yaml:39) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key = /* Email Opened */ 0
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), some_user_of_colleagues_users AS (
  /* users that meet it (campaigns/audiences/accounts.yaml:39) */
  SELECT
    did_email_opened.user_key
  FROM did_email_opened
), some_user_of_colleagues AS (
  /* accounts with a user that meets it (campaigns/audiences/accounts.yaml:39) */
  SELECT DISTINCT
    m.account_key
  FROM members AS m
  JOIN some_user_of_colleagues_users
    ON some_user_of_colleagues_users.user_key = m.user_key
), some_account_of_colleagues_accounts AS (
  /* accounts that meet it (campaigns/audiences/accounts.yaml:39) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN audience_account_bought_twice
    ON audience_account_bought_twice.account_key = u.account_key
  INNER JOIN some_user_of_colleagues
    ON some_user_of_colleagues.account_key = u.account_key
), some_account_of_colleagues AS (
  /* users with an account that meets it (campaigns/audiences/accounts.yaml:39) */
  SELECT DISTINCT
    m.user_key
  FROM members AS m
  JOIN some_account_of_colleagues_accounts
    ON some_account_of_colleagues_accounts.account_key = m.account_key
), audience_colleagues AS (
  /* audience colleagues (campaigns/audiences/accounts.yaml:38) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN some_account_of_colleagues
    ON some_account_of_colleagues.user_key = u.user_key
)
SELECT
  u.user_id
FROM audience_colleagues AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
