WITH did_order_completed AS (
  /* who did: Order Completed (campaigns/audiences/events.yaml:20) */
  SELECT
    e.user_key
  FROM events AS e
  WHERE
    e.event_key = /* Order Completed */ 1
    AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    AND COALESCE(
      LIST_BOOL_OR(
        LIST_TRANSFORM(
          e."items:elements",
          LAMBDA element : (
            TEXT_OF_JSON(JSON_EXTRACT(element, '/sku')) = 'a'
            OR COALESCE(
              LIST_BOOL_OR(
                LIST_TRANSFORM(
                  ELEMENTS_OF_JSON(JSON_EXTRACT(element, '/sku')),
                  LAMBDA element_2 : TEXT_OF_JSON(element_2) = 'a'
                )
              ),
              FALSE
            )
          )
          AND NUMBER_OF_TEXT(TEXT_OF_JSON(JSON_EXTRACT(element, '/qty'))) >= 2
        )
      ),
      FALSE
    )
  GROUP BY
    e.user_key
), sum_items_qty_of_order_completed AS (
  /* sum items qty of elements (campaigns/audiences/events.yaml:21) */
  SELECT
    e.user_key,
    CAST(FORMAT('{:.9f}', EXACT_SUM(e.value)) AS DOUBLE) AS sum_items_qty
  FROM (
    SELECT
      e.user_key,
      NUMBER_OF_TEXT(TEXT_OF_JSON(JSON_EXTRACT(e.element, '/qty'))) AS value
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
  GROUP BY
    e.user_key
), audience_items_of_an_order AS (
  /* audience items_of_an_order (campaigns/audiences/events.yaml:17) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN did_order_completed
    ON did_order_completed.user_key = u.user_key
  LEFT JOIN sum_items_qty_of_order_completed
    ON sum_items_qty_of_order_completed.user_key = u.user_key
  WHERE
    NOT did_order_completed.user_key IS NULL
    OR COALESCE(sum_items_qty_of_order_completed.sum_items_qty, 0) >= 5
)
SELECT
  u.user_id
FROM audience_items_of_an_order AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
