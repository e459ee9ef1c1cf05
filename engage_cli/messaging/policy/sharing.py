"""One message of a broadcast for each address: who was written to before, and who share an address now.

`p_claim(message_id, claim, place)`
    the messages of broadcasts that go to an address to which others go, too: one `claim` for each broadcast and address. The first of them,
    by place, that nothing else stops has it; `caps` finds which that is.
"""

from engage_cli.engine.base import Engine


def make_claims(engine: Engine, *, joined: bool) -> None:
    """Make `p_claim` of `p_message`, where those whose address, or (`joined`) who themselves, had the broadcast before get their reason."""
    if joined:
        engine.execute(_SAME)
    engine.execute(_BEFORE)
    engine.execute(_CLAIMS)


def make_no_claims(engine: Engine) -> None:
    """Make `p_claim`, empty."""
    engine.execute("CREATE OR REPLACE TEMP TABLE p_claim (message_id VARCHAR, claim VARCHAR, place BIGINT)")


# Profiles that turned out to be one person since the recipients were found have the same addresses: here is what went to others by then.
_SAME = """
    CREATE OR REPLACE TEMP TABLE p_message AS
    WITH asked AS (
        SELECT DISTINCT campaign, user_key FROM p_message WHERE kind = 'broadcast' AND reason IS NULL
    ), before AS (
        SELECT DISTINCT b.campaign, u.user_key, b.user_id FROM state.main.message AS b JOIN instance_user AS u USING (user_id)
        WHERE b.campaign_kind = 'broadcast' AND b.decision = 'sent' AND (b.campaign, u.user_key) IN (SELECT campaign, user_key FROM asked)
    ), twice AS (
        SELECT DISTINCT m.message_id FROM p_message AS m JOIN before AS b ON b.campaign = m.campaign AND b.user_key = m.user_key
        WHERE m.kind = 'broadcast' AND m.reason IS NULL AND b.user_id <> m.user_id
    )
    SELECT m.* REPLACE (
            CASE WHEN t.message_id IS NOT NULL THEN 'shared_address' ELSE m.reason END AS reason,
            CASE WHEN t.message_id IS NOT NULL THEN 'one message for each person' ELSE m.rule END AS rule
        )
    FROM p_message AS m LEFT JOIN twice AS t USING (message_id)
"""
_BEFORE = """
    CREATE OR REPLACE TEMP TABLE p_message AS
    WITH before AS (
        SELECT DISTINCT campaign, address_hash FROM state.main.message
        WHERE campaign_kind = 'broadcast' AND decision = 'sent' AND campaign IN (SELECT campaign FROM p_message WHERE kind = 'broadcast')
    )
    SELECT m.* REPLACE (
            CASE WHEN m.reason IS NULL AND b.campaign IS NOT NULL THEN 'shared_address' ELSE m.reason END AS reason,
            CASE WHEN m.reason IS NULL AND b.campaign IS NOT NULL THEN 'one message for each address' ELSE m.rule END AS rule
        )
    FROM p_message AS m
    LEFT JOIN before AS b ON b.campaign = CASE WHEN m.kind = 'broadcast' THEN m.campaign END AND b.address_hash = sha256(m."key")
"""
_CLAIMS = """
    CREATE OR REPLACE TEMP TABLE p_claim AS
    WITH shared AS (
        SELECT campaign, "key", min(message_id) AS claim FROM p_message WHERE kind = 'broadcast' AND reason IS NULL
        GROUP BY campaign, "key" HAVING count(*) > 1
    )
    SELECT m.message_id, s.claim, m.place
    FROM p_message AS m JOIN shared AS s ON s.campaign = m.campaign AND s."key" = m."key"
    WHERE m.kind = 'broadcast' AND m.reason IS NULL
"""
