-- Two of the three steps within 30 days of each other are enough; a third one changes nothing.
WITH steps AS (
    SELECT user_id, event, ts
    FROM events
    WHERE ts > as_of() - INTERVAL 90 DAYS
        AND (
            event IN ('Product Added to Wishlist', 'Product Reviewed')
            OR (event = 'Products Searched' AND num(prop(properties, '$.results')) > 0)
        )
)
SELECT DISTINCT one.user_id
FROM steps AS one
JOIN steps AS other ON other.user_id = one.user_id AND other.event <> one.event AND other.ts BETWEEN one.ts AND one.ts + INTERVAL 30 DAYS;
