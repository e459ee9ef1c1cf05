WITH audience_account_share AS (
  /* audience account_share (campaigns/audiences/accounts.yaml:34) */
  SELECT
    u.account_key
  FROM accounts AS u
  WHERE
    CAST('0x' || SUBSTR(MD5('account_share' || ':' || u.account_id), 1, 8) AS BIGINT) * 100000000 < 128849018880000000
    AND NOT COALESCE(u.account_id = 'nobody', FALSE)
)
SELECT
  u.account_id
FROM audience_account_share AS m
JOIN accounts AS u
  ON u.account_key = m.account_key
ORDER BY
  u.account_id ASC
