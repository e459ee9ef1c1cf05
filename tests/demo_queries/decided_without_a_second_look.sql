SELECT DISTINCT added.user_id
FROM events AS added
JOIN events AS ordered
    ON ordered.user_id = added.user_id
    AND ordered.event = 'Order Completed'
    AND prop(ordered.properties, '$.cart_id') = prop(added.properties, '$.cart_id')
    AND ordered.ts BETWEEN added.ts AND added.ts + INTERVAL 1 DAY
WHERE added.event = 'Product Added'
    AND added.ts >= from_london('2026-10-01')
    AND NOT EXISTS (
        FROM events AS looked
        WHERE looked.user_id = added.user_id
            AND looked.event IN ('Cart Viewed', 'Products Searched')
            AND looked.ts > added.ts
            AND looked.ts < ordered.ts
    );
