"""Messages as SQL sees them: those that come with their variables are lines already, all but the addresses of their pages.

All are of the file that `message_common` is of, in the order of their ids.

`message_text(id_json, payload, number, made, token, line)`
    a row of `run_change` of the kind `message`, with the token of its links if it has any, inside `signing`; `line` is the message as a
    file has it, NULL where it has to be rendered. `number` and `made`: see message_common.py.
`message_parts(id_json, payload, number, made, claims)`
    what a line is made of: the claims that are signed for its links, as JSON, NULL where nothing is. `lines_of_parts` makes the same lines
    of it, and signs in a quarter of the time.
`message_columns`
    the columns of a message that comes with its variables.

The payload of a message with variables is its line, with the variables last; behind them stand `,"render":"variables","edition":"…"}`.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from engage_cli.engine.base import Engine
from engage_cli.engine.template import identifier, literal, sql
from engage_cli.messaging.policy.links import MESSAGE_ID, TOKEN
from engage_cli.messaging.policy.signing import make_signing
from engage_cli.messaging.unsubscribe import Signer
from engage_cli.outputs.message_common import FIELDS

COLUMNS = (
    *("message_id", "user_id", "to", "template", "language", "from", "reply_to", "subject", "preheader", "html", "text"),
    *("unsubscribe_url", "variables", "campaign", "step", "variant", "category", "group", "scheduled_at", "send_at"),
)
"""The fields of a message as columns of Parquet and CSV, all of text; `variables` are JSON."""
OWN = ("message_id", "user_id", "to", "language", "scheduled_at", "send_at")
"""Those of them that are a message's own, beside its variables; `FIELDS` are the same for many, and what is rendered is in no payload."""
Part = tuple[str, str, int, str | None]
"""What the line of a message that comes with its variables is made of: payload, id_json, number, claims, of `message_parts`."""
END = len('},"render":"variables","edition":""}') + 32
"""So many bytes at the end of a payload stand behind its last variable; an edition's id has 32."""
VARIABLES = ',"variables":'
"""What stands before the variables of a payload and nowhere earlier: in a JSON text, a quote inside a value has a backslash before it."""


def make_message_text(engine: Engine) -> None:
    """Make the views. Needs `run_change` and what `stage_commons` makes."""
    make_signing(engine)
    for view in (_PARTS, _SIGNED):
        engine.execute(view)
    engine.execute(sql(_TEXT, end=literal(-END - 1)).text)
    places = {"sought": literal(VARIABLES[2:]), "begin": literal(len(VARIABLES) + 1), "end": literal(-END - 1)}
    never = [sql("CAST(NULL AS VARCHAR) AS {name}", name=identifier(name)) for name in COLUMNS if name not in {*OWN, *FIELDS, "variables"}]
    engine.execute(sql(_COLUMNS, never=never, own=literal(json.dumps(dict.fromkeys(OWN, "VARCHAR"))), **places).text)


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


# Sorted before the lines are made, as narrow as can be: what messages have in common is a number.
_PARTS = """
    CREATE OR REPLACE TEMP VIEW message_parts AS
    SELECT id_json, payload, number, made,
        CASE WHEN getvariable('message_claims')[number] IS NOT NULL
            THEN concat('[', to_json(user_id), getvariable('message_claims')[number], id_json, ']')
        END AS claims
    FROM (
        SELECT c.id_json, c.payload, c.user_id, s.number, s.made
        FROM run_change AS c JOIN message_common AS s ON s.rest = c.rest AND s.source = c.source AND s.destination = c.destination
        WHERE c.kind = 'message' ORDER BY c.id_json
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
    SELECT unnest(own), unnest(getvariable('message_fields')[number]), {never},
        concat(decode(encode(payload)[strlen(head) + {begin}:{end}]), filled, '}}') AS variables
    FROM (
        SELECT *, from_json(concat(head, '}}'), {own}) AS own
        FROM (SELECT *, substring(payload, 1, instr(payload, {sought}) - 3) AS head FROM message_signed)
    )
"""
_LINE = """
    CREATE OR REPLACE TEMP VIEW message_line AS
    SELECT * FROM read_json(getvariable('message_lines'), format = 'newline_delimited', maximum_object_size = 50000000,
        columns = {{{types}}})
"""
