SELECT DISTINCT added.user_id
FROM events AS added
JOIN events AS ordered
    ON ordered.user_id = added.user_id
    AND ordered.event = 'Order Completed'
    AND prop(ordered.properties, '$.cart_id') = prop(added.properties, '$.cart_id')
    AND ordered.ts BETWEEN added.ts AND added.ts + INTERVAL 3 DAYS
WHERE added.event = 'Product Added'
    AND added.ts >= from_london('2026-10-01')
    AND ordered.ts + INTERVAL 14 DAYS <= as_of()
    AND NOT EXISTS (
        FROM events AS emptied
        WHERE emptied.user_id = added.user_id AND emptied.event = 'Cart Emptied' AND emptied.ts > added.ts AND emptied.ts < ordered.ts
    )
    AND NOT EXISTS (
        FROM events AS refund
        WHERE refund.user_id = ordered.user_id
            AND refund.event = 'Order Refunded'
            AND prop(refund.properties, '$.order_id') = prop(ordered.properties, '$.order_id')
            AND refund.ts BETWEEN ordered.ts AND ordered.ts + INTERVAL 14 DAYS
    );
