WITH some_account_of_without_account AS (
  /* users with an account (campaigns/audiences/accounts.yaml:45) */
  SELECT DISTINCT
    m.user_key
  FROM members AS m
), audience_without_account AS (
  /* audience without_account (campaigns/audiences/accounts.yaml:44) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN some_account_of_without_account
    ON some_account_of_without_account.user_key = u.user_key
  WHERE
    NOT NOT some_account_of_without_account.user_key IS NULL
)
SELECT
  u.user_id
FROM audience_without_account AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
