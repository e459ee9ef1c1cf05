WITH members AS (
    SELECT DISTINCT user_id, account_id FROM read_csv('sample_data/memberships.csv', all_varchar = true, header = true)
),
orders AS (
    SELECT account_id, count(*) AS orders
    FROM events JOIN members USING (user_id)
    WHERE event = 'Order Completed' AND ts > as_of() - INTERVAL 180 DAYS
    GROUP BY account_id
)
SELECT DISTINCT members.user_id
FROM members
JOIN orders USING (account_id)
JOIN read_csv('sample_data/accounts.csv', all_varchar = true, header = true, nullstr = '') AS account USING (account_id)
WHERE orders / num(employees) >= 0.5
    AND members.user_id NOT IN (
        SELECT user_id FROM events WHERE event = 'Order Completed' AND ts > as_of() - INTERVAL 365 DAYS
    );
