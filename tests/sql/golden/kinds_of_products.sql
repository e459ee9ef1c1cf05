WITH unique_product_id_of_any_event AS (
  /* unique product id of * (campaigns/audiences/events.yaml:39) */
  SELECT
    e.user_key,
    COUNT(e.value) AS unique_product_id
  FROM (
    SELECT DISTINCT
      e.user_key,
      e."product_id:text" AS value
    FROM events AS e
    WHERE
      e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  ) AS e
  GROUP BY
    e.user_key
), audience_kinds_of_products AS (
  /* audience kinds_of_products (campaigns/audiences/events.yaml:38) */
  SELECT
    unique_product_id_of_any_event.user_key
  FROM unique_product_id_of_any_event
  WHERE
    COALESCE(unique_product_id_of_any_event.unique_product_id, 0) >= 2
)
SELECT
  u.user_id
FROM audience_kinds_of_products AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
