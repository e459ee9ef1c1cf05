WITH has_account AS (
  /* users with an account (campaigns/audiences/accounts.yaml:42) */
  SELECT DISTINCT
    m.user_key
  FROM members AS m
), other_account_of_all_accounts_are_teams_accounts AS (
  /* accounts that meet it (campaigns/audiences/accounts.yaml:42) */
  SELECT
    u.account_key
  FROM accounts AS u
  LEFT JOIN account_traits AS t
    ON t.account_key = u.account_key
  WHERE
    NOT COALESCE(t."plan:text" = 'team', FALSE)
), other_account_of_all_accounts_are_teams AS (
  /* users with an account that meets it (campaigns/audiences/accounts.yaml:42) */
  SELECT DISTINCT
    m.user_key
  FROM members AS m
  JOIN other_account_of_all_accounts_are_teams_accounts
    ON other_account_of_all_accounts_are_teams_accounts.account_key = m.account_key
), audience_all_accounts_are_teams AS (
  /* audience all_accounts_are_teams (campaigns/audiences/accounts.yaml:41) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN has_account
    ON has_account.user_key = u.user_key
  LEFT JOIN other_account_of_all_accounts_are_teams
    ON other_account_of_all_accounts_are_teams.user_key = u.user_key
  WHERE
    NOT NOT other_account_of_all_accounts_are_teams.user_key IS NULL
)
SELECT
  u.user_id
FROM audience_all_accounts_are_teams AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
