WITH lines AS (
    SELECT user_id, unnest((properties -> '$.products')::JSON[]) AS line
    FROM events
    WHERE event = 'Order Completed'
)
SELECT DISTINCT user_id FROM lines WHERE num(prop(line, '$.quantity')) >= 3 AND num(prop(line, '$.price')) < 50;
