WITH consent_email_promotions AS (
  /* subscription state to promotions on email (campaigns/audiences/consents.yaml:5) */
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
), audience_consent_of_a_group AS (
  /* audience consent_of_a_group (campaigns/audiences/consents.yaml:4) */
  SELECT
    u.user_key
  FROM users AS u
  INNER JOIN consent_email_promotions
    ON consent_email_promotions.user_key = u.user_key
  WHERE
    consent_email_promotions.status IN ('did_not_subscribe', 'subscribed')
)
SELECT
  u.user_id
FROM audience_consent_of_a_group AS m
JOIN users AS u
  ON u.user_key = m.user_key
ORDER BY
  u.user_id ASC
