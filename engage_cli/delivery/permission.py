"""Whether a message may still be sent: consent is asked once more when it is handed over, as of that moment.

Whoever decided it (messaging/policy) asked already; since then somebody may have unsubscribed, or be gone from all sources. The rules are
those of docs/consents.md.
"""

import json
from collections.abc import Mapping, Sequence

from sqlglot import exp

from engage_cli.definitions.forgotten import address_form
from engage_cli.definitions.paths import Path
from engage_cli.engine.base import Engine
from engage_cli.messaging.message import Message
from engage_cli.plan.needs import Column, Reading
from engage_cli.sql.literals import column

UNKNOWN = "unknown"
UNSUBSCRIBED = "unsubscribed"
NO_CONSENT = "no_consent"
SUPPRESSED = "suppressed"

WORDS = {
    SUPPRESSED: "is never to be written to: they or their address are suppressed, or were forgotten",
    UNKNOWN: "is in none of the sources any more",
    UNSUBSCRIBED: "has unsubscribed from the channel, or somebody with the same address has",
    NO_CONSENT: "is not subscribed",
}
"""Why a message is not sent, in words that follow "the user"."""


class Permission:
    """Asks of messages whether they may be sent. Reads `users`, `traits`, `consents` and `suppressed_hash` (plan/needs.py), the traits with
    the addresses.

    `joined`: users have further ids (`identity`). Where no consents are declared, none is asked for. Nobody who is suppressed, or was
    forgotten, is ever written to.
    """

    def __init__(self, engine: Engine, addresses: Mapping[str, Path], *, joined: bool, with_consents: bool) -> None:
        self._engine = engine
        engine.execute(_KNOWN_JOINED if joined else _KNOWN)
        parts = [_addresses(channel, path) for channel, path in sorted(addresses.items())]
        if parts:
            engine.create("channel_address", exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0])
        else:
            engine.execute(_NO_ADDRESSES)
        engine.execute(_CONSENTS if with_consents else _NO_CONSENTS)
        engine.execute(_LEFT)
        self._with_consents = with_consents

    def refusals(self, messages: Sequence[Message]) -> dict[str, str]:
        """By message id why a message may not be sent; those that may are not in it."""
        asked = [
            {
                "message_id": one.message_id,
                "user_id": one.user_id,
                "channel": one.channel,
                "group_name": one.group,
                "asks": self._with_consents and one.category != "transactional",
                "address": address_form(one.to),
            }
            for one in messages
        ]
        return {str(message_id): str(reason) for message_id, reason in self._engine.rows(_REFUSALS, [json.dumps(asked)])}


def _addresses(channel: str, path: Path) -> exp.Select:
    """(channel, user_key, address) of everybody."""
    name = Column(path, Reading.TEXT).name
    return exp.select(
        exp.alias_(exp.Literal.string(channel), "channel"),
        column("user_key", "t"),
        exp.alias_(exp.column(name, table="t", quoted=True), "address"),
    ).from_(exp.alias_(exp.to_table("traits"), "t", table=True))


_KNOWN = "CREATE OR REPLACE TEMP VIEW known_user_id AS SELECT user_id, user_key FROM users"
_KNOWN_JOINED = """
    CREATE OR REPLACE TEMP TABLE known_user_id AS
    SELECT text AS user_id, arg_min(user_key, place) AS user_key FROM (
        SELECT user_id AS text, user_key, -1 AS place FROM users
        UNION ALL SELECT value, user_key, kind FROM known_as WHERE user_key IS NOT NULL
    ) GROUP BY text
"""
_NO_ADDRESSES = "CREATE TEMP TABLE channel_address (channel VARCHAR, user_key INTEGER, address VARCHAR)"
_CONSENTS = """
    CREATE OR REPLACE TEMP VIEW given_consent AS SELECT user_key, channel, "group" AS group_name, status FROM consents
"""
_NO_CONSENTS = """
    CREATE OR REPLACE TEMP VIEW given_consent AS
    SELECT CAST(NULL AS INTEGER) AS user_key, CAST(NULL AS VARCHAR) AS channel, CAST(NULL AS VARCHAR) AS group_name,
        CAST(NULL AS VARCHAR) AS status
    WHERE FALSE
"""
_LEFT = r"""
    CREATE OR REPLACE TEMP TABLE left_address AS
    SELECT DISTINCT a.channel, address_form(a.address) AS address
    FROM channel_address AS a JOIN given_consent AS c USING (user_key, channel)
    WHERE c.group_name IS NULL AND c.status = 'unsubscribed' AND a.address IS NOT NULL
"""
_REFUSALS = """
    WITH asked AS (
        SELECT unnest(from_json(CAST(? AS JSON), '[{"message_id": "VARCHAR", "user_id": "VARCHAR", "channel": "VARCHAR",
            "group_name": "VARCHAR", "asks": "BOOLEAN", "address": "VARCHAR"}]'), recursive := true)
    ), known AS (
        SELECT a.*, u.user_key, o.user_id AS own_id FROM asked AS a LEFT JOIN known_user_id AS u USING (user_id)
        LEFT JOIN users AS o ON o.user_key = u.user_key
    ), said AS (
        SELECT k.message_id, max(c.status) FILTER (WHERE c.group_name IS NULL) AS of_channel,
            max(c.status) FILTER (WHERE c.group_name = k.group_name) AS of_group
        FROM known AS k JOIN given_consent AS c ON c.user_key = k.user_key AND c.channel = k.channel GROUP BY k.message_id
    ), judged AS (
        SELECT k.message_id, CASE
            WHEN EXISTS (FROM suppressed_hash AS s WHERE s.kind = 'user' AND s.hash IN (sha256(k.user_id), sha256(k.own_id)))
                OR EXISTS (FROM suppressed_hash AS s WHERE s.kind = 'address' AND s.hash = sha256(k.address)) THEN 'suppressed'
            WHEN k.user_key IS NULL THEN 'unknown'
            WHEN NOT k.asks THEN NULL
            WHEN s.of_channel = 'unsubscribed' OR l.address IS NOT NULL THEN 'unsubscribed'
            WHEN coalesce(s.of_group, s.of_channel) IS DISTINCT FROM 'subscribed' THEN 'no_consent'
        END AS reason
        FROM known AS k LEFT JOIN said AS s USING (message_id)
        LEFT JOIN left_address AS l ON l.channel = k.channel AND l.address = k.address
    )
    SELECT message_id, reason FROM judged WHERE reason IS NOT NULL
"""
