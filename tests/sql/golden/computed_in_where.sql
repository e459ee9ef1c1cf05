WITH did_order_completed_2 AS (
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
            CAST(COALESCE(did_order_completed_2.n, 0) AS DOUBLE)
          ), 0)
        ),
        0
      )
    ) AS DOUBLE) AS value
  FROM users AS u
  LEFT JOIN did_order_completed_2
    ON did_order_completed_2.user_key = u.user_key
  LEFT JOIN did_order_completed_last_90_days
    ON did_order_completed_last_90_days.user_key = u.user_key
), did_order_completed AS (
  /* who did: Order Completed (campaigns/traits/computed.yaml:47) */
  SELECT
    e.user_key
  FROM events AS e
  LEFT JOIN trait_average
    ON trait_average.user_key = e.user_key
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    AND COALESCE(
      e."revenue:number" >= CAST(trait_average.value AS DOUBLE),
      e."revenue:instant" >= NULL
    )
  GROUP BY
    e.user_key
), latest_session AS (
  /* where the latest session begins, with pauses of at most 30 minutes */
  SELECT
    e.user_key,
    MAX(e.ts) AS since
  FROM (
    SELECT
      e.user_key,
      e.ts,
      LAG(e.ts) OVER (PARTITION BY e.user_key ORDER BY e.ts ASC) AS before
    FROM events AS e
    WHERE
      TRUE
  ) AS e
  WHERE
    e.before IS NULL OR e.ts > (
      e.before + TO_SECONDS(1800)
    )
  GROUP BY
    e.user_key
), did_any_event_in_latest_session_of_30_minutes AS (
  /* who did: * (campaigns/traits/computed.yaml:31) */
  SELECT
    e.user_key,
    COUNT(*) AS n
  FROM events AS e
  JOIN latest_session
    ON latest_session.user_key = e.user_key AND e.ts >= latest_session.since
  WHERE
    e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), audience_computed_in_where AS (
  /* audience computed_in_where (campaigns/traits/computed.yaml:46) */
  SELECT
    did_order_completed.user_key
  FROM did_order_completed
  LEFT JOIN did_any_event_in_latest_session_of_30_minutes
    ON did_any_event_in_latest_session_of_30_minutes.user_key = did_order_completed.user_key
  WHERE
    CAST(COALESCE(did_any_event_in_latest_session_of_30_minutes.n, 0) AS DOUBLE) >= 1
)
SELECT
  u.user_id
FROM audience_computed_in_where AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
