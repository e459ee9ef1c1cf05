WITH did_order_completed_or_email_opened_in_3_times_1_week AS (
  /* stretches with and without it (campaigns/audiences/events.yaml:30) */
  SELECT
    c.user_key,
    SUM(CASE WHEN COALESCE(c.n >= 1, FALSE) THEN 1 ELSE 0 END) AS passing,
    COUNT(*) AS active
  FROM (
    SELECT
      e.user_key,
      p.number AS number,
      COUNT(*) AS n
    FROM (
      SELECT
        e.user_key,
        e.ts
      FROM events AS e
      WHERE
        e.event_key IN (0, 1) /* Email Opened, Order Completed */
        AND (
          e.ts > CAST('2026-11-02 10:00:00' AS TIMESTAMP)
          AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
        )
    ) AS e
    JOIN (
      SELECT
        v.number,
        v.low,
        v.high
      FROM (VALUES
        (
          0,
          CAST('2026-11-16 10:00:00' AS TIMESTAMP),
          CAST('2026-11-23 10:00:00' AS TIMESTAMP)
        ),
        (
          1,
          CAST('2026-11-09 10:00:00' AS TIMESTAMP),
          CAST('2026-11-16 10:00:00' AS TIMESTAMP)
        ),
        (
          2,
          CAST('2026-11-02 10:00:00' AS TIMESTAMP),
          CAST('2026-11-09 10:00:00' AS TIMESTAMP)
        )) AS v(number, low, high)
    ) AS p
      ON e.ts > p.low AND e.ts <= p.high
    GROUP BY
      e.user_key,
      p.number
  ) AS c
  GROUP BY
    c.user_key
), audience_regular AS (
  /* audience regular (campaigns/audiences/events.yaml:29) */
  SELECT
    did_order_completed_or_email_opened_in_3_times_1_week.user_key
  FROM did_order_completed_or_email_opened_in_3_times_1_week
  WHERE
    COALESCE(did_order_completed_or_email_opened_in_3_times_1_week.passing, 0) >= 2
)
SELECT
  u.user_id
FROM audience_regular AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
