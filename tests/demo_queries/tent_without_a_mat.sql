WITH lines AS (
    SELECT user_id, unnest((properties -> '$.products')::JSON[]) AS line
    FROM events
    WHERE event = 'Order Completed'
)
SELECT user_id FROM lines WHERE prop(line, '$.category') = 'outdoor' AND contains(prop(line, '$.name'), 'Tent')
EXCEPT
SELECT user_id FROM lines WHERE contains(lower(prop(line, '$.name')), 'sleeping mat');
