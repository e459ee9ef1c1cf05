WITH invoices_of_subscriptions AS (
  /* the invoices of subscriptions that meet it (campaigns/audiences/entities.yaml:10) */
  SELECT
    r.to_subscriptions AS owner_key
  FROM entity_invoices AS r
  GROUP BY
    r.to_subscriptions
), has_subscriptions AS (
  /* who has such subscriptions (campaigns/audiences/entities.yaml:10) */
  SELECT
    r.user_key
  FROM linked_subscriptions AS r
  LEFT JOIN invoices_of_subscriptions
    ON invoices_of_subscriptions.owner_key = r.row_key
  WHERE
    NOT r.user_key IS NULL AND NOT invoices_of_subscriptions.owner_key IS NULL
  GROUP BY
    r.user_key
), invoices_of_subscriptions_2 AS (
  /* the invoices of subscriptions that meet it (campaigns/audiences/entities.yaml:11) */
  SELECT
    r.to_subscriptions AS owner_key
  FROM entity_invoices AS r
  WHERE
    r."paid:boolean" = FALSE
  GROUP BY
    r.to_subscriptions
), has_subscriptions_2 AS (
  /* who has such subscriptions (campaigns/audiences/entities.yaml:11) */
  SELECT
    r.user_key
  FROM linked_subscriptions AS r
  LEFT JOIN invoices_of_subscriptions_2
    ON invoices_of_subscriptions_2.owner_key = r.row_key
  WHERE
    NOT r.user_key IS NULL AND NOT invoices_of_subscriptions_2.owner_key IS NULL
  GROUP BY
    r.user_key
), audience_all_invoices_paid AS (
  /* audience all_invoices_paid (campaigns/audiences/entities.yaml:7) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN has_subscriptions
    ON has_subscriptions.user_key = u.user_key
  LEFT JOIN has_subscriptions_2
    ON has_subscriptions_2.user_key = u.user_key
  WHERE
    NOT NOT has_subscriptions_2.user_key IS NULL
)
SELECT
  u.user_id
FROM audience_all_invoices_paid AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
