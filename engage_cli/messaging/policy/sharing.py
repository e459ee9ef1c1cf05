"""One message of a broadcast for each address: who was written to before, and who share an address now.

`p_stopped(message_id, rule)`
    the messages of broadcasts whose address, or person, had the broadcast before.
`p_contested(message_id, claim, place)`
    the messages that what becomes of another one may stop: of somebody with several, or that go to an address to which others of the
    broadcast go, too (`claim`, one for each broadcast and address, else NULL). `place`: the order in which they are asked about.
`p_claim(message_id, claim, place)`
    those of them that share an address. The first of them, by place, that nothing else stops has it; `caps` finds which that is.
"""

from engage_cli.engine.base import Engine


def stop_earlier(engine: Engine, *, joined: bool) -> None:
    """Make `p_stopped` of `p_message`: those whose address, or (`joined`) who themselves, had the broadcast before."""
    stop_none(engine)
    if not engine.rows(_SENT_BEFORE):
        return
    if joined:
        engine.execute(_SAME)
    engine.execute(_BEFORE)


def stop_none(engine: Engine) -> None:
    """Make `p_stopped`, empty."""
    engine.execute("CREATE OR REPLACE TEMP TABLE p_stopped (message_id VARCHAR, rule VARCHAR)")


def make_contested(engine: Engine) -> None:
    """Make `p_contested` and `p_claim` of the messages of `p_message` that nothing stops so far."""
    engine.execute(_CONTESTED)
    engine.execute(_CLAIMS)


_SENT_BEFORE = """
    SELECT 1 FROM state.main.message WHERE campaign_kind = 'broadcast' AND decision = 'sent'
        AND campaign IN (SELECT campaign FROM p_message WHERE kind = 'broadcast') LIMIT 1
"""
# Profiles that turned out to be one person since the recipients were found have the same addresses: here is what went to others by then.
_SAME = """
    INSERT INTO p_stopped
    WITH asked AS (
        SELECT DISTINCT campaign, user_key FROM p_message WHERE kind = 'broadcast' AND reason IS NULL
    ), before AS (
        SELECT DISTINCT b.campaign, u.user_key, b.user_id FROM state.main.message AS b JOIN instance_user AS u USING (user_id)
        WHERE b.campaign_kind = 'broadcast' AND b.decision = 'sent' AND (b.campaign, u.user_key) IN (SELECT campaign, user_key FROM asked)
    )
    SELECT DISTINCT m.message_id, 'one message for each person'
    FROM p_message AS m JOIN before AS b ON b.campaign = m.campaign AND b.user_key = m.user_key
    WHERE m.kind = 'broadcast' AND m.reason IS NULL AND b.user_id <> m.user_id
"""
_BEFORE = """
    INSERT INTO p_stopped
    WITH before AS (
        SELECT DISTINCT campaign, address_hash FROM state.main.message
        WHERE campaign_kind = 'broadcast' AND decision = 'sent' AND campaign IN (SELECT campaign FROM p_message WHERE kind = 'broadcast')
    )
    SELECT m.message_id, 'one message for each address'
    FROM p_message AS m ANTI JOIN p_stopped AS s ON s.message_id = m.message_id
    JOIN before AS b ON b.campaign = m.campaign AND b.address_hash = sha256(m."key")
    WHERE m.kind = 'broadcast' AND m.reason IS NULL
"""
_CONTESTED = """
    CREATE OR REPLACE TEMP TABLE p_contested AS
    WITH going AS (
        SELECT m.message_id, m.user_key, CASE WHEN m.kind = 'broadcast' THEN m.campaign END AS broadcast, m."key", m.send_at, m.priority,
            m.campaign
        FROM p_message AS m ANTI JOIN p_stopped AS s ON s.message_id = m.message_id WHERE m.reason IS NULL
    ), several AS (
        SELECT user_key, TRUE AS found FROM going GROUP BY user_key HAVING count(*) > 1
    ), shared AS (
        SELECT broadcast, "key", min(message_id) AS claim FROM going WHERE broadcast IS NOT NULL GROUP BY broadcast, "key"
        HAVING count(*) > 1
    )
    SELECT g.message_id, s.claim, row_number() OVER (ORDER BY g.send_at, g.priority DESC, g.campaign, g.message_id) AS place
    FROM going AS g LEFT JOIN several AS v ON v.user_key IS NOT DISTINCT FROM g.user_key
    LEFT JOIN shared AS s ON s.broadcast = g.broadcast AND s."key" = g."key"
    WHERE v.found OR s.claim IS NOT NULL
"""
_CLAIMS = "CREATE OR REPLACE TEMP TABLE p_claim AS SELECT message_id, claim, place FROM p_contested WHERE claim IS NOT NULL"
