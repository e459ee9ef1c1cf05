SELECT DISTINCT member.user_id
FROM read_csv('sample_data/memberships.csv', all_varchar = true, header = true) AS member
JOIN subscriptions USING (account_id)
JOIN invoices USING (subscription_id)
WHERE list_contains((lines ->> '$[*].what'), 'set-up');
