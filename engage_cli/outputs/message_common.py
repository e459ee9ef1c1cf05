"""What messages of a file have in common (messaging/policy/alike.py): read of one of them, and lists by number for SQL."""

import json
from collections.abc import Mapping, Sequence

from msgspec import Struct

from engage_cli.engine.base import Engine
from engage_cli.errors import EngageError
from engage_cli.messaging.policy.alike import AS_LINE, FIELDS, LETTER, RENDERED
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.policy.links import Links, links_of
from engage_cli.state.outbox import RunFile

_CAMPAIGN = ',"campaign":{'
END = len('},"render":"variables","edition":""}') + 32
"""So many bytes at the end of a payload stand behind its last variable; an edition's id has 32."""


class Common(Struct, frozen=True):
    """What messages have in common: `made`, the letter of `rest`; how many they are; their addresses (`links`), and what of their claims is
    the same where these are signed (`claims`, the middle of the JSON list), None where they are not; `fields`, of a line; and `tail`, the
    last of the variables, with the comma before it, where all have the same."""

    rest: str
    made: str
    messages: int
    links: str
    claims: str | None
    fields: Mapping[str, str | None]
    tail: str


def commons_of(engine: Engine, file: RunFile, editions: Mapping[str, Edition]) -> list[Common]:
    """What the messages of a file have in common, by number from 1 on: of `run_change`."""
    links = {name: links_of(edition) for name, edition in editions.items()}
    rows = engine.rows(_COMMONS, [file.source, file.destination])
    return [_common(file.source, str(rest), str(payload), int(messages), links) for rest, payload, messages in rows]


def stage_commons(engine: Engine, file: RunFile, commons: Sequence[Common]) -> None:
    """Make `message_common(rest, made, number, source, destination)`, and lists by number that are variables of the connection:
    `message_links`, `message_claims`, `message_fields`, `message_tails`, and `message_ends`, where a payload is cut before its tail."""
    numbers = list(range(1, len(commons) + 1))
    engine.execute(_STAGE, [[one.rest for one in commons], [one.made for one in commons], numbers, file.source, file.destination])
    engine.execute("SET VARIABLE message_links = CAST(? AS VARCHAR[])", [[one.links for one in commons]])
    engine.execute("SET VARIABLE message_claims = CAST(? AS VARCHAR[])", [[one.claims for one in commons]])
    engine.execute("SET VARIABLE message_tails = CAST(? AS VARCHAR[])", [[one.tail for one in commons]])
    engine.execute("SET VARIABLE message_ends = CAST(? AS INTEGER[])", [[-len(one.tail.encode()) - END - 1 for one in commons]])
    types = [dict.fromkeys(FIELDS, "VARCHAR")]
    fields = json.dumps([one.fields for one in commons], ensure_ascii=False)
    engine.execute("SET VARIABLE message_fields = from_json(CAST(? AS VARCHAR), ?)", [fields, json.dumps(types)])


def _common(channel: str, rest: str, payload: str, messages: int, links: Mapping[str, Links]) -> Common:
    """What messages of this `rest` have in common, of which this is the payload of one."""
    said, made, pages = json.loads(payload), rest[LETTER], _links(links, rest)
    in_header = pages.of_header and channel == "email" and said["category"] != "transactional"
    signs = (pages.of_texts or in_header) if made == RENDERED else pages.of_variables
    claims = f",{_json(channel)},{_json(said['group'])}," if signs else None
    fields = {name: said.get(name) for name in FIELDS}
    return Common(rest, made, messages, pages.members, claims, fields, _tail(payload) if made == AS_LINE else "")


def _links(links: Mapping[str, Links], rest: str) -> Links:
    edition = rest[:LETTER]
    if edition not in links:
        hint = "`engage state check` says what else is wrong; a backup has what is missing (`engage state restore`)"
        raise EngageError(f"the state has messages by a text of a template that it does not have: `{edition}`", hint=hint)
    return links[edition]


def _tail(payload: str) -> str:
    """The last of a payload's variables where it is the campaign, which is the same for all."""
    _, begins, rest = payload[:-END].rpartition(_CAMPAIGN)
    try:
        alone = json.loads(f"{{{begins[1:]}{rest}}}").keys() == {"campaign"}
    except ValueError:
        alone = False
    return f"{begins}{rest}" if alone else ""


def _json(value: str | None) -> str:
    return json.dumps(value, ensure_ascii=False)


_COMMONS = """
    SELECT rest, any_value(payload), count(*) FROM run_change WHERE kind = 'message' AND source = ? AND destination = ?
    GROUP BY rest ORDER BY rest
"""
_STAGE = """
    CREATE OR REPLACE TEMP TABLE message_common AS
    SELECT unnest(CAST(? AS VARCHAR[])) AS rest, unnest(CAST(? AS VARCHAR[])) AS made, unnest(CAST(? AS INTEGER[])) AS number,
        CAST(? AS VARCHAR) AS source, CAST(? AS VARCHAR) AS destination
"""
