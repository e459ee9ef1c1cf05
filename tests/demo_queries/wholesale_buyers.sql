SELECT user_id
FROM profiles
WHERE list_contains(list_transform(tags::JSON::VARCHAR[], lambda tag: lower(tag)), 'wholesale')
UNION
SELECT user_id
FROM (
    SELECT user_id, unnest((properties -> '$.products')::JSON[]) ->> '$.quantity' AS quantity
    FROM events
    WHERE event = 'Order Completed'
)
WHERE num(quantity) >= 6;
