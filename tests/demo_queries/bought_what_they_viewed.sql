WITH bought AS (
    SELECT user_id, ts, unnest((properties -> '$.products')::JSON[]) ->> '$.sku' AS sku
    FROM events
    WHERE event = 'Order Completed' AND ts > as_of() - INTERVAL 90 DAYS
)
SELECT DISTINCT viewed.user_id
FROM events AS viewed
JOIN bought
    ON bought.user_id = viewed.user_id
    AND bought.sku = prop(viewed.properties, '$.product_id')
    AND bought.ts BETWEEN viewed.ts AND viewed.ts + INTERVAL 7 DAYS
WHERE viewed.event = 'Product Viewed' AND viewed.ts > as_of() - INTERVAL 90 DAYS;
