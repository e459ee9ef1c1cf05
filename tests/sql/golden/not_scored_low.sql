WITH did_order_completed_or_product_viewed_last_90_days AS (
  /* who did: Order Completed, Product Viewed (campaigns/traits/computed.yaml:49) */
  SELECT
    e.user_key,
    MAX(e.ts) AS last_at,
    COUNT(*) AS n,
    CAST(FORMAT('{:.9f}', EXACT_SUM(e."revenue:number")) AS DOUBLE) AS sum_revenue
  FROM events AS e
  WHERE
    e.event_key IN (1, 3) /* Order Completed, Product Viewed */
    AND (
      e.ts > CAST('2026-08-25 10:00:00' AS TIMESTAMP)
      AND e.ts <= CAST('2026-11-23 10:00:00' AS TIMESTAMP)
    )
  GROUP BY
    e.user_key
), rfm_revenue_of_order_completed_or_product_viewed_last_90_days AS (
  /* scores by fifths of all who did: Order Completed, Product Viewed (campaigns/traits/computed.yaml:49) */
  SELECT
    s.user_key,
    s.recency,
    s.frequency,
    s.monetary,
    CASE
      WHEN s.recency = 5 AND s.frequency BETWEEN 4 AND 5
      THEN 'Champions'
      WHEN s.recency BETWEEN 3 AND 4 AND s.frequency BETWEEN 4 AND 5
      THEN 'Loyal Customers'
      WHEN s.recency BETWEEN 4 AND 5 AND s.frequency BETWEEN 2 AND 3
      THEN 'Potential Loyalists'
      WHEN s.recency = 5 AND s.frequency = 1
      THEN 'New Customers'
      WHEN s.recency = 4 AND s.frequency = 1
      THEN 'Promising'
      WHEN s.recency = 3 AND s.frequency = 3
      THEN 'Need Attention'
      WHEN s.recency = 3 AND s.frequency BETWEEN 1 AND 2
      THEN 'About To Sleep'
      WHEN s.recency BETWEEN 1 AND 2 AND s.frequency BETWEEN 3 AND 4
      THEN 'At Risk'
      WHEN s.recency BETWEEN 1 AND 2 AND s.frequency = 5
      THEN 'Can''t Lose Them'
      WHEN s.recency BETWEEN 1 AND 2 AND s.frequency BETWEEN 1 AND 2
      THEN 'Hibernating'
    END AS segment
  FROM (
    SELECT
      k.user_key,
      CASE
        WHEN (
          k.recency - 1
        ) * 5 < k.everybody * 1
        THEN 1
        WHEN (
          k.recency - 1
        ) * 5 < k.everybody * 2
        THEN 2
        WHEN (
          k.recency - 1
        ) * 5 < k.everybody * 3
        THEN 3
        WHEN (
          k.recency - 1
        ) * 5 < k.everybody * 4
        THEN 4
        ELSE 5
      END AS recency,
      CASE
        WHEN (
          k.frequency - 1
        ) * 5 < k.everybody * 1
        THEN 1
        WHEN (
          k.frequency - 1
        ) * 5 < k.everybody * 2
        THEN 2
        WHEN (
          k.frequency - 1
        ) * 5 < k.everybody * 3
        THEN 3
        WHEN (
          k.frequency - 1
        ) * 5 < k.everybody * 4
        THEN 4
        ELSE 5
      END AS frequency,
      CASE
        WHEN (
          k.monetary - 1
        ) * 5 < k.everybody * 1
        THEN 1
        WHEN (
          k.monetary - 1
        ) * 5 < k.everybody * 2
        THEN 2
        WHEN (
          k.monetary - 1
        ) * 5 < k.everybody * 3
        THEN 3
        WHEN (
          k.monetary - 1
        ) * 5 < k.everybody * 4
        THEN 4
        ELSE 5
      END AS monetary
    FROM (
      SELECT
        did_order_completed_or_product_viewed_last_90_days.user_key,
        COUNT(*) OVER () AS everybody,
        RANK() OVER (
          ORDER BY did_order_completed_or_product_viewed_last_90_days.last_at ASC NULLS FIRST
        ) AS recency,
        RANK() OVER (ORDER BY did_order_completed_or_product_viewed_last_90_days.n ASC NULLS FIRST) AS frequency,
        RANK() OVER (
          ORDER BY COALESCE(did_order_completed_or_product_viewed_last_90_days.sum_revenue, 0) ASC NULLS FIRST
        ) AS monetary
      FROM did_order_completed_or_product_viewed_last_90_days
    ) AS k
  ) AS s
), audience_not_scored_low AS (
  /* audience not_scored_low (campaigns/audiences/traits.yaml:47) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN rfm_revenue_of_order_completed_or_product_viewed_last_90_days
    ON rfm_revenue_of_order_completed_or_product_viewed_last_90_days.user_key = u.user_key
  WHERE
    NOT COALESCE(
      CAST(rfm_revenue_of_order_completed_or_product_viewed_last_90_days.recency AS DOUBLE) <= 2,
      FALSE
    )
)
SELECT
  u.user_id
FROM audience_not_scored_low AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
