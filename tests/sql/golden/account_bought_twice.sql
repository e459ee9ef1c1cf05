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
)
SELECT
  u.account_id
FROM audience_account_bought_twice AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
