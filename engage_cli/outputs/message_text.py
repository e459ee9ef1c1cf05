"""Messages as SQL sees them: those that come with their variables are lines already, all but the addresses of their pages.

`message_text(source, destination, id_json, payload, made, token, line)`
    a row of `run_change` of the kind `message`, with the token of its links if it has any, inside `signing`; `line` is the message as a
    file has it, NULL where it has to be rendered. The rows come in the order of their ids. `message_row` says of each whether it needs a
    token (`signs`).
`message_parts(source, destination, id_json, payload, made, number, claims)`
    what a line is made of, in the same order: the claims that are signed for its links, as JSON, NULL where nothing is, and the number of
    its addresses (messaging/policy/links.py). `lines_of_parts` makes the same lines of it, and signs in a quarter of the time.

The payload of a message with variables is its line, with the variables last; behind them stand `,"render":"variables","edition":"…"}`.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from engage_cli.engine.base import Engine
from engage_cli.engine.template import literal, sql
from engage_cli.messaging.policy.links import MESSAGE_ID, TOKEN
from engage_cli.messaging.policy.signing import make_signing
from engage_cli.messaging.unsubscribe import Signer

COLUMNS = (
    *("message_id", "user_id", "to", "template", "language", "from", "reply_to", "subject", "preheader", "html", "text"),
    *("unsubscribe_url", "variables", "campaign", "step", "variant", "category", "group", "scheduled_at", "send_at"),
)
"""The fields of a message as columns of Parquet and CSV, all of text; `variables` are JSON."""
Part = tuple[str, str, int, str | None]
"""What the line of a message that comes with its variables is made of: payload, id_json, number, claims, of `message_parts`."""
END = len('},"render":"variables","edition":""}') + 32
"""So many bytes at the end of a payload stand behind its last variable; an edition's id has 32."""
VARIABLES = ',"variables":'
"""What stands before the variables of a payload and nowhere earlier: in a JSON text, a quote inside a value has a backslash before it."""


def make_message_text(engine: Engine) -> None:
    """Make `message_text` and `message_columns`: the columns of messages that come with their variables. Needs `run_change` and
    `message_link`."""
    make_signing(engine)
    for view in (_ROW, _PARTS, _SIGNED):
        engine.execute(view)
    engine.execute(sql(_TEXT, end=literal(-END - 1)).text)
    texts = {name: "VARCHAR" for name in COLUMNS if name != "variables"}
    places = {"sought": literal(VARIABLES[2:]), "begin": literal(len(VARIABLES) + 1), "end": literal(-END - 1)}
    engine.execute(sql(_COLUMNS, types=literal(json.dumps(texts)), **places).text)


def lines_of_parts(parts: Iterable[Part], links: Sequence[str], signer: Signer | None) -> list[str]:
    """The lines of messages that come with their variables. `signer`: where there are claims."""
    shared = [None if MESSAGE_ID in one else one.split(TOKEN) for one in links]
    made = []
    for payload, id_json, number, claims in parts:
        pieces = shared[number - 1] or links[number - 1].replace(MESSAGE_ID, id_json[1:-1]).split(TOKEN)
        token = "" if signer is None or claims is None else signer.token(claims)
        made.append(f"{payload[:-END]}{token.join(pieces)}}}}}")
    return made


def make_message_line(engine: Engine, lines: Path) -> None:
    """Make `message_line`: the lines of a file as columns, in its order."""
    engine.execute("SET VARIABLE message_lines = ?", [str(lines)])
    engine.execute(sql(_LINE, types=[sql("{name}: 'VARCHAR'", name=literal(name)) for name in COLUMNS]).text)


_ROW = """
    CREATE OR REPLACE TEMP VIEW message_row AS
    SELECT c.*, l.number, CASE
            WHEN c.made <> 'm' THEN l.variables_sign
            WHEN l.texts_sign THEN TRUE
            WHEN l.header_signs AND c.source = 'email' THEN (c.payload->>'$.category') <> 'transactional'
            ELSE FALSE
        END AS signs
    FROM (
        SELECT source, destination, user_id, id_json, payload, rest, substring(rest, 1, 32) AS edition, substring(rest, 33, 1) AS made
        FROM run_change WHERE kind = 'message'
    ) AS c JOIN message_link AS l USING (edition)
"""
# Sorted before the lines are made, as narrow as can be: with a number in place of the addresses, and one text for what claims share.
_PARTS = """
    CREATE OR REPLACE TEMP VIEW message_parts AS
    SELECT * EXCLUDE (user_id, shared), CASE WHEN shared IS NOT NULL THEN concat('[', to_json(user_id), shared, id_json, ']') END AS claims
    FROM (
        SELECT source, destination, user_id, id_json, payload, made, number,
            CASE WHEN signs THEN concat(',', to_json(source), ',', substring(rest, 34), ',') END AS shared
        FROM message_row ORDER BY id_json
    )
"""
# Few addresses name the message, and cutting its id out for those that do not would cost a fifth of a line.
_SIGNED = """
    CREATE OR REPLACE TEMP VIEW message_signed AS
    SELECT *, replace(
        CASE WHEN contains(links, '{message_id}') THEN replace(links, '{message_id}', id_json[2:-2]) ELSE links END,
        '{token}', coalesce(token, '')
    ) AS filled
    FROM (
        SELECT *, unsubscribe_token(signed) AS token FROM (
            SELECT *, getvariable('message_links')[number] AS links, unsubscribe_claims(claims) AS signed FROM message_parts
        )
    )
"""
# Bytes in place of characters, which DuckDB counts one by one.
_TEXT = """
    CREATE OR REPLACE TEMP VIEW message_text AS
    SELECT *, CASE WHEN made = 'v' THEN concat(decode(encode(payload)[:{end}]), filled, '}}}}') END AS line FROM message_signed
"""
# Read as JSON is what stands before the variables alone, which are much longer, and stay as they are. What is looked for begins with a
# letter, the third sign: a comma, which is everywhere, would take twice as long.
_COLUMNS = """
    CREATE OR REPLACE TEMP VIEW message_columns AS
    SELECT source, destination, id_json, unnest(said),
        concat(decode(encode(payload)[strlen(head) + {begin}:{end}]), filled, '}}') AS variables
    FROM (
        SELECT *, from_json(concat(head, '}}'), {types}) AS said
        FROM (SELECT *, substring(payload, 1, instr(payload, {sought}) - 3) AS head FROM message_signed)
    )
"""
_LINE = """
    CREATE OR REPLACE TEMP VIEW message_line AS
    SELECT * FROM read_json(getvariable('message_lines'), format = 'newline_delimited', maximum_object_size = 50000000,
        columns = {{{types}}})
"""
