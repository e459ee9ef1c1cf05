SELECT DISTINCT cart.user_id
FROM events AS cart
WHERE cart.event = 'Cart Updated'
    AND num(prop(cart.properties, '$.cart_total')) > 20
    AND cart.ts > as_of() - INTERVAL 7 DAYS
    -- The two hours are over.
    AND cart.ts + INTERVAL 2 HOURS <= as_of()
    AND NOT EXISTS (
        FROM events AS ordered
        WHERE ordered.user_id = cart.user_id
            AND ordered.event = 'Order Completed'
            AND prop(ordered.properties, '$.cart_id') = prop(cart.properties, '$.cart_id')
            AND ordered.ts BETWEEN cart.ts AND cart.ts + INTERVAL 2 HOURS
    );
