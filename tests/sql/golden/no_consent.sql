WITH consent_email AS (
  /* subscription state on email (campaigns/audiences/consents.yaml:10) */
  SELECT
    consents.user_key,
    consents.status
  FROM consents
  WHERE
    consents.channel = 'email' AND consents."group" IS NULL
), consent_email_promotions AS (
  /* subscription state to promotions on email (campaigns/audiences/consents.yaml:11) */
  SELECT
    consents.user_key,
    CASE
      WHEN MAX(CASE WHEN consents."group" IS NULL THEN consents.status END) = 'unsubscribed'
      THEN 'unsubscribed'
      ELSE COALESCE(
        MAX(CASE WHEN consents."group" = 'promotions' THEN consents.status END),
        MAX(CASE WHEN consents."group" IS NULL THEN consents.status END)
      )
    END AS status
  FROM consents
  WHERE
    consents.channel = 'email'
    AND (
      consents."group" IS NULL OR consents."group" = 'promotions'
    )
  GROUP BY
    consents.user_key
), audience_no_consent AS (
  /* audience no_consent (campaigns/audiences/consents.yaml:7) */
  SELECT
    u.user_key
  FROM users AS u
  LEFT JOIN consent_email
    ON consent_email.user_key = u.user_key
  LEFT JOIN consent_email_promotions
    ON consent_email_promotions.user_key = u.user_key
  WHERE
    COALESCE(consent_email.status, 'none') = 'none'
    AND NOT COALESCE(consent_email_promotions.status = 'subscribed', FALSE)
)
SELECT
  u.user_id
FROM audience_no_consent AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
