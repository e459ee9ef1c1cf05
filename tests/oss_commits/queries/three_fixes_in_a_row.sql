-- Strict: no event of any name strictly between two steps in time, so that the steps' instants are equal or neighbours.
WITH mine AS (
    SELECT message_id, user_id, ts, dense_rank() OVER (PARTITION BY user_id ORDER BY ts) AS place
    FROM events
    WHERE ts > from_berlin('2023-08-15 02:00')
),
fixes AS (
    SELECT mine.message_id, mine.user_id, mine.ts, mine.place, commits.repository
    FROM mine
    JOIN commits USING (message_id)
    WHERE commits.kind = 'fix'
)
SELECT DISTINCT one.user_id
FROM fixes AS one
JOIN fixes AS two
    ON two.user_id = one.user_id
    AND two.repository = one.repository
    AND two.message_id <> one.message_id
    AND two.place - one.place IN (0, 1)
JOIN fixes AS three
    ON three.user_id = one.user_id
    AND three.repository = one.repository
    AND three.message_id NOT IN (one.message_id, two.message_id)
    AND three.place - two.place IN (0, 1)
WHERE three.ts <= one.ts + INTERVAL 1 DAY;
