WITH did_order_completed_last_30_days AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:2) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-10-24 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
    AND (
      e."revenue:number" > 100 AND e."category:text" = 'shoes'
    )
  GROUP BY
    e.user_key
), audience_did AS (
  /* audience did (campaigns/audiences/events.yaml:1) */
  SELECT
    did_order_completed_last_30_days.user_key
  FROM did_order_completed_last_30_days
), audience_trait_nested AS (
  /* audience trait_nested (campaigns/audiences/traits.yaml:19) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    t."address.country:text" = 'GB'
), audience_trait_number AS (
  /* audience trait_number (campaigns/audiences/traits.yaml:4) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN traits AS t
    ON t.user_key = u.user_key
  WHERE
    NOT COALESCE(t."age:number" >= 18, FALSE)
), audience_nested AS (
  /* audience nested (campaigns/audiences/combined.yaml:1) */
  SELECT
    audience_did.user_key
  FROM audience_did
  LEFT JOIN audience_trait_nested
    ON audience_trait_nested.user_key = audience_did.user_key
  LEFT JOIN audience_trait_number
    ON audience_trait_number.user_key = audience_did.user_key
  WHERE
    NOT (
      NOT audience_trait_nested.user_key IS NULL
      OR NOT audience_trait_number.user_key IS NULL
    )
)
SELECT
  u.user_id
FROM audience_nested AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
