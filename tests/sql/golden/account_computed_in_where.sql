WITH account_events AS (
  /* the events of all users of an account */
  SELECT
    m.account_key,
    e.*
  FROM events AS e
  JOIN members AS m
    ON m.user_key = e.user_key
), account_did_order_completed_last_90_days AS (
  /* who did: Order Completed (campaigns/traits/accounts.yaml:6) */
  SELECT
    e.account_key,
    CAST(FORMAT('{:.9f}', EXACT_SUM(e."revenue:number")) AS DOUBLE) AS sum_revenue
  FROM account_events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-08-25 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  GROUP BY
    e.account_key
), account_trait_revenue_a_seat AS (
  /* trait revenue_a_seat (campaigns/traits/accounts.yaml:13) */
  SELECT
    u.account_key,
    CAST(FORMAT(
      '{:.9f}',
      FINITE_NUMBER(
        (
          CAST(COALESCE(account_did_order_completed_last_90_days.sum_revenue, 0) AS DOUBLE)
        ) / NULLIF((
          t."seats:number"
        ), 0)
      )
    ) AS DOUBLE) AS value
  FROM accounts AS u
  LEFT JOIN account_traits AS t
    ON t.account_key = u.account_key
  LEFT JOIN account_did_order_completed_last_90_days
    ON account_did_order_completed_last_90_days.account_key = u.account_key
), account_did_order_completed AS (
  /* who did: Order Completed (campaigns/audiences/traits.yaml:38) */
  SELECT
    e.account_key,
    COUNT(*) AS n
  FROM account_events AS e
  LEFT JOIN account_trait_revenue_a_seat
    ON account_trait_revenue_a_seat.account_key = e.account_key
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    AND COALESCE(
      e."revenue:number" >= CAST(account_trait_revenue_a_seat.value AS DOUBLE),
      e."revenue:instant" >= NULL
    )
  GROUP BY
    e.account_key
), audience_account_computed_in_where AS (
  /* audience account_computed_in_where (campaigns/audiences/traits.yaml:36) */
  SELECT
    u.account_key
  FROM accounts AS u
  INNER JOIN account_did_order_completed
    ON account_did_order_completed.account_key = u.account_key
  WHERE
    COALESCE(account_did_order_completed.n, 0) >= 2
)
SELECT
  u.account_id
FROM audience_account_computed_in_where AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
