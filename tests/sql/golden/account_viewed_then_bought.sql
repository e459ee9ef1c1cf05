WITH account_events AS (
  /* the events of all users of an account */
  SELECT
    m.account_key,
    e.*
  FROM events AS e
  JOIN members AS m
    ON m.user_key = e.user_key
), account_sequence_product_viewed_order_completed_step_1 AS (
  /* step 1: Product Viewed (campaigns/audiences/accounts.yaml:9) */
  SELECT DISTINCT
    e.account_key,
    e.ts
  FROM account_events AS e
  WHERE
    e.event_key = /* Product Viewed */ 3
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), account_sequence_product_viewed_order_completed_step_2_events AS (
  /* events for step 2 (campaigns/audiences/accounts.yaml:10) */
  SELECT
    e.account_key,
    e.ts
  FROM account_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
), account_sequence_product_viewed_order_completed_step_2 AS (
  /* step 2: Order Completed (campaigns/audiences/accounts.yaml:10) */
  SELECT DISTINCT
    e.account_key,
    e.ts
  FROM account_sequence_product_viewed_order_completed_step_2_events AS e
  ASOF JOIN account_sequence_product_viewed_order_completed_step_1 AS a
    ON e.account_key = a.account_key AND e.ts >= a.ts
  WHERE
    e.ts <= (
      a.ts + TO_SECONDS(172800)
    )
), account_sequence_product_viewed_order_completed AS (
  /* who did the sequence (campaigns/audiences/accounts.yaml:9) */
  SELECT DISTINCT
    a.account_key
  FROM account_sequence_product_viewed_order_completed_step_2 AS a
), audience_account_viewed_then_bought AS (
  /* audience account_viewed_then_bought (campaigns/audiences/accounts.yaml:5) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN account_sequence_product_viewed_order_completed
    ON account_sequence_product_viewed_order_completed.account_key = u.account_key
)
SELECT
  u.account_id
FROM audience_account_viewed_then_bought AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
