WITH account_events AS (
  /* the events of all users of an account */
  SELECT
    m.account_key,
    e.*
  FROM events AS e
  JOIN members AS m
    ON m.user_key = e.user_key
), account_did_order_completed AS (
  /* who did: Order Completed (campaigns/traits/accounts.yaml:1) */
  SELECT
    e.account_key,
    COUNT(*) AS n
  FROM account_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.account_key
), did_order_completed AS (
  /* who did: Order Completed (campaigns/traits/computed.yaml:1) */
  SELECT
    e.user_key,
    COUNT(*) AS n
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), some_user_of_of_accounts_that_order_users AS (
  /* users that meet it (campaigns/audiences/traits.yaml:41) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN did_order_completed
    ON did_order_completed.user_key = u.user_key
  WHERE
    CAST(COALESCE(did_order_completed.n, 0) AS DOUBLE) < 2
), some_user_of_of_accounts_that_order AS (
  /* accounts with a user that meets it (campaigns/audiences/traits.yaml:41) */
  SELECT DISTINCT
    m.account_key
  FROM members AS m
  JOIN some_user_of_of_accounts_that_order_users
    ON some_user_of_of_accounts_that_order_users.user_key = m.user_key
), some_account_of_of_accounts_that_order_accounts AS (
  /* accounts that meet it (campaigns/audiences/traits.yaml:41) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN some_user_of_of_accounts_that_order
    ON some_user_of_of_accounts_that_order.account_key = u.account_key
  LEFT JOIN account_did_order_completed
    ON account_did_order_completed.account_key = u.account_key
  WHERE
    CAST(COALESCE(account_did_order_completed.n, 0) AS DOUBLE) >= 3
), some_account_of_of_accounts_that_order AS (
  /* users with an account that meets it (campaigns/audiences/traits.yaml:41) */
  SELECT DISTINCT
    m.user_key
  FROM members AS m
  JOIN some_account_of_of_accounts_that_order_accounts
    ON some_account_of_of_accounts_that_order_accounts.account_key = m.account_key
), audience_of_accounts_that_order AS (
  /* audience of_accounts_that_order (campaigns/audiences/traits.yaml:40) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN some_account_of_of_accounts_that_order
    ON some_account_of_of_accounts_that_order.user_key = u.user_key
)
SELECT
  u.user_id
FROM audience_of_accounts_that_order AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
