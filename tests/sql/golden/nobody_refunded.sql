WITH did_order_refunded AS (
  /* who did: Order Refunded (campaigns/audiences/accounts.yaml:28) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key = /* Order Refunded */ 2
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), some_user_of_nobody_refunded_users AS (
  /* users that meet it (campaigns/audiences/accounts.yaml:28) */
  SELECT
    did_order_refunded.user_key
  FROM did_order_refunded
), some_user_of_nobody_refunded AS (
  /* accounts with a user that meets it (campaigns/audiences/accounts.yaml:28) */
  SELECT DISTINCT
    m.account_key
  FROM members AS m
  JOIN some_user_of_nobody_refunded_users
    ON some_user_of_nobody_refunded_users.user_key = m.user_key
), audience_nobody_refunded AS (
  /* audience nobody_refunded (campaigns/audiences/accounts.yaml:26) */
  SELECT
    u.account_key
  FROM accounts AS u
  LEFT JOIN some_user_of_nobody_refunded
    ON some_user_of_nobody_refunded.account_key = u.account_key
  WHERE
    NOT NOT some_user_of_nobody_refunded.account_key IS NULL
)
SELECT
  u.account_id
FROM audience_nobody_refunded AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
