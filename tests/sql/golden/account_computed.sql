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
), account_latest_session AS (
  /* where the latest session begins, with pauses of at most 12 hours */
  SELECT
    e.account_key,
    MAX(e.ts) AS since
  FROM (
    SELECT
      e.account_key,
      e.ts,
      LAG(e.ts) OVER (PARTITION BY e.account_key ORDER BY e.ts ASC) AS before
    FROM account_events AS e
    WHERE
      TRUE
  ) AS e
  WHERE
    e.before IS NULL OR e.ts > (
      e.before + TO_SECONDS(43200)
    )
  GROUP BY
    e.account_key
), account_did_any_event_in_latest_session_of_12_hours AS (
  /* who did: * (campaigns/traits/accounts.yaml:17) */
  SELECT
    e.account_key,
    DAYS_WITHIN_128(CAST(LOCAL_IN_EUROPE_LONDON(e.ts) AS DATE), CAST('2026-07-31' AS DATE)) AS days
  FROM account_events AS e
  JOIN account_latest_session
    ON account_latest_session.account_key = e.account_key
    AND e.ts >= account_latest_session.since
  WHERE
    e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.account_key
), account_did_product_viewed_or_order_completed AS (
  /* who did: Order Completed, Product Viewed (campaigns/traits/accounts.yaml:23) */
  SELECT
    e.account_key,
    ARG_MAX(e."product_id:value", ROW(e.ts, e.message_id)) AS last_product_id
  FROM account_events AS e
  WHERE
    e.event_key IN (1, 3) /* Order Completed, Product Viewed */
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.account_key
), audience_account_computed AS (
  /* audience account_computed (campaigns/audiences/traits.yaml:31) */
  SELECT
    u.account_key
  FROM accounts AS u
  LEFT JOIN account_trait_revenue_a_seat
    ON account_trait_revenue_a_seat.account_key = u.account_key
  LEFT JOIN account_did_any_event_in_latest_session_of_12_hours
    ON account_did_any_event_in_latest_session_of_12_hours.account_key = u.account_key
  LEFT JOIN account_did_product_viewed_or_order_completed
    ON account_did_product_viewed_or_order_completed.account_key = u.account_key
  WHERE
    CAST(account_trait_revenue_a_seat.value AS DOUBLE) >= 100
    OR (
      CAST(COALESCE(account_did_any_event_in_latest_session_of_12_hours.days, 0) AS DOUBLE) >= 2
      AND NOT COALESCE(
        TEXT_OF_JSON(
          COALESCE(
            account_did_product_viewed_or_order_completed.last_product_id,
            CAST('"none"' AS JSON)
          )
        ) = 'p9'
        OR COALESCE(
          LIST_BOOL_OR(
            LIST_TRANSFORM(
              ELEMENTS_OF_JSON(
                COALESCE(
                  account_did_product_viewed_or_order_completed.last_product_id,
                  CAST('"none"' AS JSON)
                )
              ),
              LAMBDA element : TEXT_OF_JSON(element) = 'p9'
            )
          ),
          FALSE
        ),
        FALSE
      )
    )
)
SELECT
  u.account_id
FROM audience_account_computed AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
