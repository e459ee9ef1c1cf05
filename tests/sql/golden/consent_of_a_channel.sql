WITH consent_email AS (
  /* subscription state on email (campaigns/audiences/consents.yaml:2) */
  SELECT
    consents.user_key,
    consents.status
  FROM consents
  WHERE
    consents.channel = 'email' AND consents."group" IS NULL
), audience_consent_of_a_channel AS (
  /* audience consent_of_a_channel (campaigns/audiences/consents.yaml:1) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN consent_email
    ON consent_email.user_key = u.user_key
  WHERE
    consent_email.status = 'subscribed'
)
SELECT
  u.user_id
FROM audience_consent_of_a_channel AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
