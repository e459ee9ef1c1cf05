WITH days AS (
    -- 23 to 30 November 2026; 29 February, which falls on the 28th this year, is not among them.
    SELECT strftime(DATE '2026-11-23' + INTERVAL (n) DAYS, '%m-%d') AS month_day FROM range(8) AS r(n)
)
SELECT user_id
FROM profiles
WHERE regexp_full_match(birthday, '\d{4}-\d\d-\d\d') AND birthday[6:] IN (SELECT month_day FROM days);
