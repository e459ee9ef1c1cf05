-- A pair of instants is strict when no event of any name stands between them in time.
WITH mine AS (
    SELECT user_id, event, ts, dense_rank() OVER (PARTITION BY user_id ORDER BY ts) AS place
    FROM events
    WHERE ts > as_of() - INTERVAL 90 DAYS
)
SELECT DISTINCT viewed.user_id
FROM mine AS viewed
JOIN mine AS added ON added.user_id = viewed.user_id AND added.event = 'Product Added' AND added.place - viewed.place IN (0, 1)
JOIN mine AS checkout ON checkout.user_id = added.user_id AND checkout.event = 'Checkout Started' AND checkout.place - added.place IN (0, 1)
JOIN mine AS ordered ON ordered.user_id = checkout.user_id AND ordered.event = 'Order Completed' AND ordered.place - checkout.place IN (0, 1)
WHERE viewed.event = 'Product Viewed' AND ordered.ts <= viewed.ts + INTERVAL 10 MINUTES;
