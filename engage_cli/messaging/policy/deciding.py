"""What becomes of the candidates that are due: each is sent or skipped, once, with the reason and the rule.

`p_message(message_id, candidate_id, …, "to", "key", reason, rule, place)`
    one row a candidate, or one an address where the address is a list; `reason` NULL: sent. In the columns of `p_due` beside. `place`: the
    order in which caps count.
"""

from collections.abc import Sequence

from engage_cli.definitions.project import Messaging
from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.caps import apply_caps
from engage_cli.messaging.policy.sharing import make_claims, make_no_claims

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
    engine.execute(_REACHED)
    engine.execute(_JUDGED, [f"{holdout.salt}:" if holdout is not None else "", share, list(templates)])
    if engine.rows("SELECT 1 FROM p_due WHERE kind = 'broadcast' LIMIT 1"):
        make_claims(engine, joined=joined)
    else:
        make_no_claims(engine)
    apply_caps(engine, messaging.caps, zone)
    engine.execute(_LET_THROUGH)


_LEFT = """
    CREATE OR REPLACE TEMP TABLE p_left AS
    SELECT DISTINCT a.channel, a."key"
    FROM p_address AS a
    JOIN consents AS c ON c.user_key = a.user_key AND c.channel = a.channel AND c."group" IS NULL AND c.status = 'unsubscribed'
    WHERE a."key" IS NOT NULL AND list_contains(CAST(? AS VARCHAR[]), a.channel)
"""
# In a left join a condition on the left side alone, outside of the keys, would have everybody compared with everybody.
_REACHED = """
    CREATE OR REPLACE TEMP TABLE p_reached AS
    WITH address AS (
        FROM p_address QUALIFY row_number() OVER (PARTITION BY user_key, channel, coalesce(normal, value) ORDER BY value) = 1
    )
    SELECT CASE WHEN a.is_list THEN md5(d.candidate_id || chr(31) || coalesce(a.normal, a.value)) ELSE d.candidate_id END AS message_id,
        d.*, a.normal AS "to", a."key", a.problem
    FROM p_due AS d
    LEFT JOIN address AS a ON a.user_key = CASE WHEN d.reason IS NULL THEN d.user_key END AND a.channel = d.channel
"""
_JUDGED = """
    CREATE OR REPLACE TEMP TABLE p_message AS
    WITH share AS (
        SELECT CAST(? AS VARCHAR) AS salt, CAST(? AS BIGINT) AS part,
            (SELECT count(*) > 0 FROM suppressed_hash WHERE kind = 'user') AS some_users,
            (SELECT count(*) > 0 FROM suppressed_hash WHERE kind = 'address') AS some_addresses
    ),
    known AS (
        SELECT r.*, whole.status AS of_channel, own.status AS of_group,
            EXISTS (FROM p_left AS l WHERE l.channel = r.channel AND l."key" = r."key") AS address_left,
            EXISTS (
                FROM suppressed_hash AS s WHERE s.kind = 'user' AND s.hash = CASE WHEN share.some_users THEN sha256(r.user_id) END
            ) AS user_suppressed,
            EXISTS (
                FROM suppressed_hash AS s
                WHERE s.kind = 'address' AND s.hash = CASE WHEN share.some_addresses THEN sha256(address_form(r."to")) END
            ) AS address_suppressed,
            share.part > 0 AND CASE
                WHEN share.part > 0 THEN CAST('0x' || substr(md5(share.salt || r.user_id), 1, 8) AS BIGINT) * 100000000 < share.part
            END AS held_out
        FROM p_reached AS r CROSS JOIN share
        LEFT JOIN consents AS whole ON whole.user_key = r.user_key AND whole.channel = r.channel AND whole."group" IS NULL
        LEFT JOIN consents AS own ON own.user_key = r.user_key AND own.channel = r.channel AND own."group" = r."group"
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
    ), placed AS (
        SELECT message_id, row_number() OVER (ORDER BY send_at, priority DESC, campaign, message_id) AS place FROM p_reached
    )
    SELECT * EXCLUDE (verdict, place), verdict.reason AS reason, verdict.rule AS rule, place
    FROM judged JOIN placed USING (message_id)
"""
# Of those who share an address the first whom no cap stops has it, and gets it; who comes after that one does not, capped or not.
_LET_THROUGH = """
    CREATE OR REPLACE TEMP TABLE p_message AS
    WITH holder AS (
        SELECT claim, min(place) AS place FROM p_claim ANTI JOIN p_over USING (message_id) GROUP BY claim
    ), told AS (
        SELECT c.message_id FROM p_claim AS c JOIN holder AS h USING (claim) WHERE h.place < c.place
    )
    SELECT m.* REPLACE (
            CASE WHEN t.message_id IS NOT NULL THEN 'shared_address' WHEN o.message_id IS NOT NULL THEN 'capped' ELSE m.reason END
                AS reason,
            CASE WHEN t.message_id IS NOT NULL THEN 'one message for each address' WHEN o.message_id IS NOT NULL THEN k.rule ELSE m.rule END
                AS rule
        )
    FROM p_message AS m LEFT JOIN told AS t USING (message_id) LEFT JOIN p_over AS o USING (message_id)
    LEFT JOIN p_cap AS k ON k.number = o.number
"""
