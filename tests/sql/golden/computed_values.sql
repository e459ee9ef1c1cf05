WITH most_frequent_brand_of_any_event AS (
  /* most frequent of brand (campaigns/traits/computed.yaml:14) */
  SELECT
    e.user_key,
    e.value
  FROM (
    SELECT
      e.*,
      ROW_NUMBER() OVER (PARTITION BY e.user_key ORDER BY e.n DESC, e.value ASC) AS place
    FROM (
      SELECT
        e.user_key,
        e.value,
        COUNT(*) AS n
      FROM (
        SELECT
          e.user_key,
          e."brand:text" AS value
        FROM events AS e
        WHERE
          e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
      ) AS e
      WHERE
        NOT e.value IS NULL
      GROUP BY
        e.user_key,
        e.value
    ) AS e
  ) AS e
  WHERE
    e.place = 1 AND e.n >= 1
), unique_list_items_sku_of_order_completed AS (
  /* unique list of items[].sku (campaigns/traits/computed.yaml:21) */
  SELECT
    e.user_key,
    TO_JSON(LIST_SORT(LIST_DISTINCT(LIST(e.value)))) AS value
  FROM (
    SELECT
      e.user_key,
      TEXT_OF_JSON(JSON_EXTRACT(e.element, '/sku')) AS value
    FROM (
      SELECT
        e.user_key,
        UNNEST(e."items:elements") AS element
      FROM events AS e
      WHERE
        e.event_key = /* Order Completed */ 1
        AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    ) AS e
  ) AS e
  WHERE
    NOT e.value IS NULL
  GROUP BY
    e.user_key
), did_order_completed AS (
  /* who did: Order Completed (campaigns/traits/computed.yaml:26) */
  SELECT
    e.user_key,
    ARG_MAX(e."revenue:value", ROW(e.ts, e.message_id)) AS last_revenue
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
  GROUP BY
    e.user_key
), audience_computed_values AS (
  /* audience computed_values (campaigns/traits/computed.yaml:43) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN most_frequent_brand_of_any_event
    ON most_frequent_brand_of_any_event.user_key = u.user_key
  LEFT JOIN unique_list_items_sku_of_order_completed
    ON unique_list_items_sku_of_order_completed.user_key = u.user_key
  LEFT JOIN did_order_completed
    ON did_order_completed.user_key = u.user_key
  WHERE
    NOT COALESCE(COALESCE(most_frequent_brand_of_any_event.value, 'none') = 'none', FALSE)
    OR IS_PRESENT(unique_list_items_sku_of_order_completed.value)
    OR NUMBER_OF_TEXT(TEXT_OF_JSON(did_order_completed.last_revenue)) > 20
)
SELECT
  u.user_id
FROM audience_computed_values AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
