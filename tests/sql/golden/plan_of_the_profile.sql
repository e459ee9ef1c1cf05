WITH invoices_of_subscriptions AS (
  /* the invoices of subscriptions that meet it (campaigns/audiences/entities.yaml:14) */
  SELECT
    r.to_subscriptions AS owner_key
  FROM entity_invoices AS r
  WHERE
    r."paid:boolean" = FALSE
  GROUP BY
    r.to_subscriptions
), has_subscriptions AS (
  /* who has such subscriptions (campaigns/audiences/entities.yaml:14) */
  SELECT
    r.user_key
  FROM linked_subscriptions AS r
  LEFT JOIN invoices_of_subscriptions
    ON invoices_of_subscriptions.owner_key = r.row_key
  LEFT JOIN traits AS t
    ON t.user_key = r.user_key
  WHERE
    NOT r.user_key IS NULL
    AND r."plan:text" = t."plan:text"
    AND NOT NOT invoices_of_subscriptions.owner_key IS NULL
  GROUP BY
    r.user_key
), audience_plan_of_the_profile AS (
  /* audience plan_of_the_profile (campaigns/audiences/entities.yaml:13) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN has_subscriptions
    ON has_subscriptions.user_key = u.user_key
)
SELECT
  u.user_id
FROM audience_plan_of_the_profile AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
