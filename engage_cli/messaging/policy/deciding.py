"""What becomes of the candidates that are due: each is sent or skipped, once, with the reason and the rule.

`p_message(message_id, candidate_id, …, "to", "key", reason, rule)`
    one row a candidate, or one an address where the address is a list; `reason` NULL: sent. In the columns of `p_due` beside.
`p_going(message_id, user_key, channel, category, send_at, place)`
    those that nothing stops but, maybe, a cap or who shares the address. `place`: the order in which caps count, 1 for whoever is alone.

A run decides about a million at once: what all have is made once, as wide as it is, and what is asked of some in narrow tables beside it.
"""

from collections.abc import Sequence

from engage_cli.definitions.project import Messaging
from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.caps import apply_caps
from engage_cli.messaging.policy.sharing import make_contested, stop_earlier, stop_none

REASONS = (
    "excluded",
    "control",
    "cancelled",
    "not_live",
    "exited",
    "expired",
    "no_address",
    "no_consent",
    "suppressed",
    "holdout",
    "shared_address",
    "capped",
    "unrenderable",
)
"""Why a message is not sent, in the order in which it is asked: the first that applies."""


def decide(
    engine: Engine, messaging: Messaging, zone: str, channels: Sequence[str], templates: Sequence[str], *, joined: bool = False
) -> None:
    """Make `p_message` of `p_due`, `p_address`, `consents` and `suppressed_hash`. `templates` are those that there are. `joined`:
    identifiers join users."""
    engine.execute(_LEFT, [list(channels)])
    holdout = messaging.holdout
    share = (holdout.millionths << 32) if holdout is not None else 0
    engine.execute(_JUDGED, [f"{holdout.salt}:" if holdout is not None else "", share, list(templates)])
    engine.execute(_IDS)
    if engine.rows("SELECT 1 FROM p_message WHERE kind = 'broadcast' LIMIT 1"):
        stop_earlier(engine, joined=joined)
    else:
        stop_none(engine)
    make_contested(engine)
    engine.execute(_GOING)
    apply_caps(engine, messaging.caps, zone)
    engine.execute(_VERDICTS)
    engine.execute(_REVISE)


def let_go(engine: Engine) -> None:
    """Drop what was asked of people and messages to decide: of a million it is large, and nobody asks for it again."""
    for name in _ASKED:
        engine.execute(f"DROP TABLE IF EXISTS temp.main.{name}")


_ASKED = (
    *("p_subject", "p_person", "p_address", "p_linked", "p_left", "p_stopped", "p_contested", "p_claim", "p_going", "p_verdict"),
    *("p_low", "p_counting", "p_sure", "p_passed", "p_out", "p_unsettled", "p_over"),
)
_LEFT = """
    CREATE OR REPLACE TEMP TABLE p_left AS
    SELECT DISTINCT a.channel, a."key"
    FROM p_address AS a
    JOIN consents AS c ON c.user_key = a.user_key AND c.channel = a.channel AND c."group" IS NULL AND c.status = 'unsubscribed'
    WHERE a."key" IS NOT NULL AND list_contains(CAST(? AS VARCHAR[]), a.channel)
"""
# In a left join a condition on the left side alone, outside of the keys, would have everybody compared with everybody.
_JUDGED = """
    CREATE OR REPLACE TEMP TABLE p_message AS
    WITH share AS (
        SELECT CAST(? AS VARCHAR) AS salt, CAST(? AS BIGINT) AS part,
            (SELECT count(*) > 0 FROM suppressed_hash WHERE kind = 'user') AS some_users,
            (SELECT count(*) > 0 FROM suppressed_hash WHERE kind = 'address') AS some_addresses
    ),
    known AS (
        SELECT CASE WHEN a.is_list THEN md5(d.candidate_id || chr(31) || coalesce(a.normal, a.value)) ELSE d.candidate_id END AS message_id,
            d.*, a.normal AS "to", a."key", a.problem, whole.status AS of_channel, own.status AS of_group,
            l."key" IS NOT NULL AS address_left, u.hash IS NOT NULL AS user_suppressed, s.hash IS NOT NULL AS address_suppressed,
            share.part > 0 AND CASE
                WHEN share.part > 0 THEN CAST('0x' || substr(md5(share.salt || d.user_id), 1, 8) AS BIGINT) * 100000000 < share.part
            END AS held_out
        FROM p_due AS d CROSS JOIN share
        LEFT JOIN p_address AS a ON a.user_key = CASE WHEN d.reason IS NULL THEN d.user_key END AND a.channel = d.channel
        LEFT JOIN consents AS whole ON whole.user_key = d.user_key AND whole.channel = d.channel AND whole."group" IS NULL
        LEFT JOIN consents AS own ON own.user_key = d.user_key AND own.channel = d.channel AND own."group" = d."group"
        LEFT JOIN p_left AS l ON l.channel = d.channel AND l."key" = a."key"
        LEFT JOIN (SELECT DISTINCT hash FROM suppressed_hash WHERE kind = 'user') AS u
            ON u.hash = CASE WHEN share.some_users THEN sha256(d.user_id) END
        LEFT JOIN (SELECT DISTINCT hash FROM suppressed_hash WHERE kind = 'address') AS s
            ON s.hash = CASE WHEN share.some_addresses THEN sha256(address_form(a.normal)) END
    ), judged AS (
        SELECT * EXCLUDE (reason, rule, problem, of_channel, of_group, address_left, user_suppressed, address_suppressed, held_out),
            CASE
                WHEN reason IS NOT NULL THEN {'reason': reason, 'rule': rule}
                WHEN "to" IS NULL THEN {'reason': 'no_address', 'rule': coalesce('the address ' || problem, 'no address for ' || channel)}
                WHEN category <> 'transactional' AND of_channel = 'unsubscribed'
                    THEN {'reason': 'no_consent', 'rule': channel || ' unsubscribed'}
                WHEN category <> 'transactional' AND address_left
                    THEN {'reason': 'no_consent', 'rule': channel || ' unsubscribed by another profile with the address'}
                WHEN category <> 'transactional' AND coalesce(of_group, of_channel, 'none') <> 'subscribed' THEN {
                    'reason': 'no_consent',
                    'rule': coalesce("group" || ' ' || of_group, channel || ' ' || coalesce(of_channel, 'none'))
                }
                WHEN user_suppressed THEN {'reason': 'suppressed', 'rule': 'user'}
                WHEN address_suppressed THEN {'reason': 'suppressed', 'rule': 'address'}
                WHEN category <> 'transactional' AND held_out THEN {'reason': 'holdout', 'rule': 'holdout'}
                WHEN NOT list_contains(CAST(? AS VARCHAR[]), template)
                    THEN {'reason': 'unrenderable', 'rule': 'there is no template ' || template}
            END AS verdict
        FROM known
    )
    SELECT * EXCLUDE (verdict), verdict.reason AS reason, verdict.rule AS rule FROM judged
"""
# From here on only which candidates were due is asked: all else of them is in `p_message`.
_IDS = "CREATE OR REPLACE TEMP TABLE p_due AS SELECT candidate_id FROM p_due"
_GOING = """
    CREATE OR REPLACE TEMP TABLE p_going AS
    SELECT m.message_id, m.user_key, m.channel, m.category, m.send_at, coalesce(c.place, 1) AS place
    FROM p_message AS m ANTI JOIN p_stopped AS s ON s.message_id = m.message_id
    LEFT JOIN p_contested AS c ON c.message_id = m.message_id
    WHERE m.reason IS NULL
"""
# Of those who share an address the first whom no cap stops has it, and gets it; who comes after that one does not, capped or not.
_VERDICTS = """
    CREATE OR REPLACE TEMP TABLE p_verdict AS
    WITH holder AS (
        SELECT claim, min(place) AS place FROM p_claim ANTI JOIN p_over USING (message_id) GROUP BY claim
    ), told AS (
        SELECT c.message_id FROM p_claim AS c JOIN holder AS h USING (claim) WHERE h.place < c.place
    )
    SELECT message_id, 'shared_address' AS reason, rule FROM p_stopped
    UNION ALL
    SELECT message_id, 'shared_address', 'one message for each address' FROM told
    UNION ALL
    SELECT o.message_id, 'capped', k.rule FROM p_over AS o ANTI JOIN told USING (message_id) JOIN p_cap AS k ON k.number = o.number
"""
_REVISE = """
    UPDATE p_message SET reason = v.reason, rule = v.rule FROM p_verdict AS v WHERE v.message_id = p_message.message_id
"""
