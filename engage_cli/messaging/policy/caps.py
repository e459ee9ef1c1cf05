"""Frequency caps: who has had enough. They count messages that were decided to be sent, of all campaigns, in (`send_at` − per, `send_at`].

Messages are decided one after the other in the order (`send_at`, priority, campaign, message id), because each that is sent counts for the
next. A message that stays under every cap even if all those before it are sent needs no such order; only people with others are gone
through in rounds, the first message of each in the first.

Of those who share an address of a broadcast (`p_claim`) the first whom no cap stops gets it, and the others' messages count for nothing.
So, where the first of them may be capped, all of them are gone through in the same rounds: each round asks the caps about the first message
of everybody that is open, and gives each address to the first that is open there, if the caps let that one through.

Journeys and broadcasts are decided about one after the other, so that a message may be due before one that was sent already: then the
stretches that end at that one have room for so many only, too.

`p_over(message_id, number)`
    the messages that a cap does not let through, with the first such cap. One whose address another one got is not always asked about.
`p_open(message_id, user_key, channel, send_at, place, claim, is_sure)`
    those that rounds go through and that are not decided; `is_sure`: no cap stops it, whatever is decided about others.
"""

from collections.abc import Sequence

from sqlglot import exp

from engage_cli.definitions.project import Cap
from engage_cli.engine.base import Engine
from engage_cli.sql.calendar import after_duration
from engage_cli.sql.literals import column, integer_literal


def apply_caps(engine: Engine, caps: Sequence[Cap], zone: str) -> None:
    """Make `p_over` of the messages of `p_going`, and `p_cap`. Transactional ones count, and always go."""
    engine.execute(_NONE_OVER)
    engine.execute(
        _CAPS, [list(range(len(caps))), [cap.channel for cap in caps], [cap.at_most for cap in caps], [str(cap) for cap in caps]]
    )
    if not caps:
        return
    _make_lows(engine, caps, zone)
    engine.execute(_COUNTING)
    engine.execute(_SURE)
    is_behind = _make_later(engine, caps, zone)
    for statement in (_UNSETTLED, _SETTLED_ELSEWHERE, _OPEN, _PASSED, _NONE_FIT):
        engine.execute(statement)
    while engine.rows("SELECT 1 FROM p_open LIMIT 1"):
        engine.execute(_TURN)
        engine.execute(_OVER)
        if is_behind:
            engine.execute(_OVER_LATER)
        for statement in _ROUND:
            engine.execute(statement)


def _make_lows(engine: Engine, caps: Sequence[Cap], zone: str) -> None:
    """Make `p_low(message_id, number, low)`: for each message that caps look at, and each of them, the end of the stretch before."""
    asked = exp.select(column("message_id", "m"), column("send_at", "m")).from_(exp.alias_(exp.to_table("p_going"), "m", table=True))
    asked = asked.where("m.category <> 'transactional'")
    parts = [
        asked.copy().select(
            exp.alias_(integer_literal(number), "number"),
            exp.alias_(after_duration(column("send_at", "m"), cap.per, zone, times=-1), "low"),
        )
        for number, cap in enumerate(caps)
    ]
    engine.execute("DROP TABLE IF EXISTS temp.main.p_low")
    engine.create("p_low", exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0])


def _make_later(engine: Engine, caps: Sequence[Cap], zone: str) -> bool:
    """Make `p_later(message_id, number, low, high)`: for each message that is due before some that earlier runs sent, and each cap, the
    stretches that end at those. Whether there are any."""
    engine.execute(_ENDS)
    if not engine.rows("SELECT 1 FROM p_end LIMIT 1"):
        return False
    parts = [
        exp.select(
            column("user_key", "e"),
            column("channel", "e"),
            exp.alias_(integer_literal(number), "number"),
            exp.alias_(after_duration(column("send_at", "e"), cap.per, zone, times=-1), "low"),
            exp.alias_(column("send_at", "e"), "high"),
        ).from_(exp.alias_(exp.to_table("p_end"), "e", table=True))
        for number, cap in enumerate(caps)
    ]
    engine.execute("DROP TABLE IF EXISTS temp.main.p_stretch")
    engine.create("p_stretch", exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0])
    engine.execute(_LATER)
    engine.execute("UPDATE p_sure SET sure = FALSE WHERE message_id IN (SELECT message_id FROM p_later)")
    return bool(engine.rows("SELECT 1 FROM p_later LIMIT 1"))


_CAPS = """
    CREATE OR REPLACE TEMP TABLE p_cap AS
    SELECT unnest(CAST(? AS INTEGER[])) AS number, unnest(CAST(? AS VARCHAR[])) AS channel, unnest(CAST(? AS BIGINT[])) AS at_most,
        unnest(CAST(? AS VARCHAR[])) AS rule
"""
# What may count: what was sent before this run, under place 0, and all that may still be sent in it.
_COUNTING = """
    CREATE OR REPLACE TEMP TABLE p_counting AS
    SELECT u.user_key, b.channel, b.send_at, 0 AS place
    FROM state.main.message AS b JOIN instance_user AS u USING (user_id)
    WHERE b.decision = 'sent' AND b.send_at > (SELECT min(low) FROM p_low)
        AND u.user_key IN (SELECT user_key FROM p_going)
    UNION ALL
    SELECT user_key, channel, send_at, place FROM p_going
"""
# Those before each message are found by an inner join: an outer one on more than equal keys compares everybody with everybody.
_SURE = """
    CREATE OR REPLACE TEMP TABLE p_sure AS
    WITH before AS (
        SELECT m.message_id, k.number, count(*) AS messages
        FROM p_low AS l JOIN p_going AS m USING (message_id) JOIN p_cap AS k ON k.number = l.number
        JOIN p_counting AS c ON c.user_key = m.user_key AND c.send_at > l.low AND c.send_at <= m.send_at AND c.place < m.place
        WHERE k.channel IS NULL OR (k.channel = m.channel AND k.channel = c.channel)
        GROUP BY m.message_id, k.number
    )
    SELECT m.message_id, m.user_key, bool_and(coalesce(b.messages, 0) < k.at_most) AS sure
    FROM p_low AS l JOIN p_going AS m USING (message_id) JOIN p_cap AS k ON k.number = l.number
    LEFT JOIN before AS b ON b.message_id = m.message_id AND b.number = k.number
    WHERE k.channel IS NULL OR k.channel = m.channel
    GROUP BY m.message_id, m.user_key
"""
# The addresses of which the first one who shares it may be capped.
_UNSETTLED = """
    CREATE OR REPLACE TEMP TABLE p_unsettled AS
    SELECT claim FROM p_claim LEFT JOIN p_sure USING (message_id) GROUP BY claim HAVING NOT arg_min(coalesce(sure, TRUE), place)
"""
# Of the others the first gets it, so that the rest are out.
_SETTLED_ELSEWHERE = """
    CREATE OR REPLACE TEMP TABLE p_out AS
    SELECT message_id FROM p_claim ANTI JOIN p_unsettled USING (claim)
    QUALIFY row_number() OVER (PARTITION BY claim ORDER BY place) > 1
"""
_OPEN = """
    CREATE OR REPLACE TEMP TABLE p_open AS
    SELECT m.message_id, m.user_key, m.channel, m.send_at, m.place, coalesce(u.claim, m.message_id) AS claim,
        coalesce(s.sure, TRUE) AS is_sure
    FROM p_going AS m LEFT JOIN p_sure AS s USING (message_id)
    LEFT JOIN (SELECT message_id, claim FROM p_claim SEMI JOIN p_unsettled USING (claim)) AS u USING (message_id)
    WHERE m.message_id NOT IN (FROM p_out)
        AND (u.claim IS NOT NULL OR (s.sure IS NOT NULL AND m.user_key IN (SELECT user_key FROM p_sure WHERE NOT sure)))
"""
# What counts for certain: what earlier runs sent, and of this one what no cap is asked about and no one else can take the address of.
_PASSED = """
    CREATE OR REPLACE TEMP TABLE p_passed AS
    SELECT user_key, channel, send_at, place FROM p_counting WHERE place = 0 AND user_key IN (SELECT user_key FROM p_open)
    UNION ALL
    SELECT user_key, channel, send_at, place FROM p_going
    WHERE user_key IN (SELECT user_key FROM p_open) AND message_id NOT IN (SELECT message_id FROM p_open)
        AND message_id NOT IN (FROM p_out)
"""
_NONE_FIT = "CREATE OR REPLACE TEMP TABLE p_fit (message_id VARCHAR)"
# All before it of its person are decided about, or need not be.
_TURN = """
    CREATE OR REPLACE TEMP TABLE p_turn AS
    SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY user_key ORDER BY place) AS turn FROM p_open)
    ANTI JOIN p_fit USING (message_id)
    WHERE is_sure OR turn = 1
"""
_NONE_OVER = "CREATE OR REPLACE TEMP TABLE p_over (message_id VARCHAR, number INTEGER)"
_OVER = """
    INSERT INTO p_over
    WITH before AS (
        SELECT o.message_id, k.number, count(*) AS messages
        FROM p_turn AS o JOIN p_low AS l USING (message_id) JOIN p_cap AS k ON k.number = l.number
        JOIN p_passed AS p ON p.user_key = o.user_key AND p.send_at > l.low AND p.send_at <= o.send_at AND p.place < o.place
        WHERE NOT o.is_sure AND (k.channel IS NULL OR (k.channel = o.channel AND k.channel = p.channel))
        GROUP BY o.message_id, k.number
    )
    SELECT o.message_id, min(k.number)
    FROM p_turn AS o JOIN p_low AS l USING (message_id) JOIN p_cap AS k ON k.number = l.number
    LEFT JOIN before AS b ON b.message_id = o.message_id AND b.number = k.number
    WHERE NOT o.is_sure AND (k.channel IS NULL OR k.channel = o.channel) AND coalesce(b.messages, 0) >= k.at_most
    GROUP BY o.message_id
"""
# What earlier runs sent that is due after something of this one.
_ENDS = """
    CREATE OR REPLACE TEMP TABLE p_end AS
    SELECT DISTINCT user_key, channel, send_at FROM p_counting
    WHERE place = 0 AND send_at > (SELECT min(send_at) FROM p_going)
"""
_LATER = """
    CREATE OR REPLACE TEMP TABLE p_later AS
    SELECT m.message_id, s.number, s.low, s.high
    FROM p_going AS m JOIN p_sure USING (message_id) JOIN p_stretch AS s ON s.user_key = m.user_key
    JOIN p_cap AS k ON k.number = s.number
    WHERE m.send_at > s.low AND m.send_at < s.high AND (k.channel IS NULL OR (k.channel = m.channel AND k.channel = s.channel))
"""
_OVER_LATER = """
    INSERT INTO p_over
    SELECT f.message_id, min(f.number)
    FROM (
        SELECT o.message_id, l.number, l.high, count(*) AS n
        FROM p_turn AS o JOIN p_later AS l USING (message_id) JOIN p_cap AS k ON k.number = l.number
        JOIN p_passed AS p ON p.user_key = o.user_key AND p.send_at > l.low AND p.send_at <= l.high AND p.place < o.place
            AND (k.channel IS NULL OR p.channel = k.channel)
        WHERE NOT o.is_sure
        GROUP BY ALL
    ) AS f JOIN p_cap AS k ON k.number = f.number
    WHERE f.n >= k.at_most AND f.message_id NOT IN (SELECT message_id FROM p_over)
    GROUP BY f.message_id
"""
# Whoever is capped leaves the address to the next; the first who is not has it, as soon as nobody before may still get it.
_ROUND = (
    "INSERT INTO p_fit SELECT message_id FROM p_turn ANTI JOIN p_over USING (message_id)",
    "DELETE FROM p_open WHERE message_id IN (SELECT message_id FROM p_over)",
    """
    CREATE OR REPLACE TEMP TABLE p_holder AS
    SELECT * FROM (SELECT * FROM p_open QUALIFY row_number() OVER (PARTITION BY claim ORDER BY place) = 1)
    SEMI JOIN p_fit USING (message_id)
    """,
    "INSERT INTO p_passed SELECT user_key, channel, send_at, place FROM p_holder",
    "DELETE FROM p_open WHERE claim IN (SELECT claim FROM p_holder)",
)
