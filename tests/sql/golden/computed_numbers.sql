WITH did_order_completed AS (
  /* who did: Order Completed (campaigns/traits/computed.yaml:1) */
  SELECT
    e.user_key,
    COUNT(*) AS n
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), did_order_completed_last_90_days AS (
  /* who did: Order Completed (campaigns/traits/computed.yaml:5) */
  SELECT
    e.user_key,
    CAST(FORMAT('{:.9f}', EXACT_SUM(e."revenue:number")) AS DOUBLE) AS sum_revenue
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND (
      e.ts > CAST('2026-08-25 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  GROUP BY
    e.user_key
), trait_average AS (
  /* trait average (campaigns/traits/computed.yaml:11) */
  SELECT
    u.user_key,
    CAST(FORMAT(
      '{:.9f}',
      COALESCE(
        FINITE_NUMBER(
          (
            CAST(COALESCE(did_order_completed_last_90_days.sum_revenue, 0) AS DOUBLE)
          ) / NULLIF((
            CAST(COALESCE(did_order_completed.n, 0) AS DOUBLE)
          ), 0)
        ),
        0
      )
    ) AS DOUBLE) AS value
  FROM users AS u
  LEFT JOIN did_order_completed
    ON did_order_completed.user_key = u.user_key
  LEFT JOIN did_order_completed_last_90_days
    ON did_order_completed_last_90_days.user_key = u.user_key
), did_any_event AS (
  /* who did: * (campaigns/traits/computed.yaml:36) */
  SELECT
    e.user_key,
    MAX(e.ts) AS last_at
  FROM events AS e
  WHERE
    e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), audience_computed_numbers AS (
  /* audience computed_numbers (campaigns/traits/computed.yaml:40) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN trait_average
    ON trait_average.user_key = u.user_key
  LEFT JOIN did_any_event
    ON did_any_event.user_key = u.user_key
  WHERE
    CAST(trait_average.value AS DOUBLE) >= 50
    OR NOT COALESCE(
      CAST(CAST(FLOOR(
        (
          EPOCH_US(CAST('2026-11-23 10:00:00' AS TIMESTAMP)) - EPOCH_US(CAST(did_any_event.last_at AS TIMESTAMP))
        ) / 86400000000
      ) AS BIGINT) AS DOUBLE) < 3,
      FALSE
    )
)
SELECT
  u.user_id
FROM audience_computed_numbers AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
