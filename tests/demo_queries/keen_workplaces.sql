SELECT account_id
FROM read_csv('sample_data/accounts.csv', all_varchar = true, header = true, nullstr = '') AS account
WHERE plan IS DISTINCT FROM 'free'
    AND (
        SELECT count(*)
        FROM events
        JOIN read_csv('sample_data/memberships.csv', all_varchar = true, header = true) AS member USING (user_id)
        WHERE member.account_id = account.account_id
            AND event = 'Order Completed'
            AND ts > as_of() - INTERVAL 180 DAYS
    ) / num(employees) >= 0.5;
