WITH sql_by_sql AS (
  /* users among the rows of the author's SQL (campaigns/audiences/combined.yaml:9) */
  SELECT DISTINCT
    u.user_key
  FROM (
    SELECT
      user_id
    FROM sources.events AS events
    WHERE
      event = 'Order Completed'
      AND timestamp > CAST('2026-11-23 10:00:00' AS TIMESTAMP) - INTERVAL '14' DAYS
    GROUP BY
      user_id
    HAVING
      SUM(CAST(properties ->> '$.revenue' AS DOUBLE)) > 50
  ) AS s
  JOIN users AS u
    ON u.user_id = CAST(s.user_id AS TEXT)
), audience_by_sql AS (
  /* audience by_sql (campaigns/audiences/combined.yaml:7) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN sql_by_sql
    ON sql_by_sql.user_key = u.user_key
)
SELECT
  u.user_id
FROM audience_by_sql AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
