WITH has_user AS (
  /* accounts with a user (campaigns/audiences/accounts.yaml:32) */
  SELECT DISTINCT
    m.account_key
  FROM members AS m
), other_user_of_all_on_a_paid_plan_users AS (
  /* users that meet it (campaigns/audiences/accounts.yaml:32) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    NOT (
      COALESCE(LOWER(t."plan:text") = 'pro', FALSE)
      OR COALESCE(t."age:number" >= 50, FALSE)
    )
), other_user_of_all_on_a_paid_plan AS (
  /* accounts with a user that meets it (campaigns/audiences/accounts.yaml:32) */
  SELECT DISTINCT
    m.account_key
  FROM members AS m
  JOIN other_user_of_all_on_a_paid_plan_users
    ON other_user_of_all_on_a_paid_plan_users.user_key = m.user_key
), audience_all_on_a_paid_plan AS (
  /* audience all_on_a_paid_plan (campaigns/audiences/accounts.yaml:30) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN has_user
    ON has_user.account_key = u.account_key
  LEFT JOIN other_user_of_all_on_a_paid_plan
    ON other_user_of_all_on_a_paid_plan.account_key = u.account_key
  WHERE
    NOT NOT other_user_of_all_on_a_paid_plan.account_key IS NULL
)
SELECT
  u.account_id
FROM audience_all_on_a_paid_plan AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
