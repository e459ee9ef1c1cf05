WITH account_has_subscriptions AS (
  /* who has such subscriptions (campaigns/audiences/entities.yaml:18) */
  SELECT
    r.account_key,
    MAX(r."price:number") AS max_price
  FROM linked_subscriptions AS r
  WHERE
    NOT r.account_key IS NULL
  GROUP BY
    r.account_key
), audience_dear_to_accounts AS (
  /* audience dear_to_accounts (campaigns/audiences/entities.yaml:16) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN account_has_subscriptions
    ON account_has_subscriptions.account_key = u.account_key
  WHERE
    account_has_subscriptions.max_price > 50
)
SELECT
  u.account_id
FROM audience_dear_to_accounts AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
