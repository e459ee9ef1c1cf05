WITH some_user_of_team_plan_with_a_vip_users AS (
  /* users that meet it (campaigns/audiences/accounts.yaml:24) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    CONTAINS(t."tags:text", 'vip')
    OR COALESCE(
      LIST_BOOL_OR(
        LIST_TRANSFORM(t."tags:elements", LAMBDA element : TEXT_OF_JSON(element) = 'vip')
      ),
      FALSE
    )
), some_user_of_team_plan_with_a_vip AS (
  /* accounts with a user that meets it (campaigns/audiences/accounts.yaml:24) */
  SELECT DISTINCT
    m.account_key
  FROM members AS m
  JOIN some_user_of_team_plan_with_a_vip_users
    ON some_user_of_team_plan_with_a_vip_users.user_key = m.user_key
), audience_team_plan_with_a_vip AS (
  /* audience team_plan_with_a_vip (campaigns/audiences/accounts.yaml:19) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN some_user_of_team_plan_with_a_vip
    ON some_user_of_team_plan_with_a_vip.account_key = u.account_key
  LEFT JOIN account_traits AS t
    ON t.account_key = u.account_key
  WHERE
    t."plan:text" = 'team'
)
SELECT
  u.account_id
FROM audience_team_plan_with_a_vip AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
