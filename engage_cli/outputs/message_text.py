"""Messages as SQL sees them: those that come with their variables are lines already, all but the addresses of their pages.

All are of the file that `message_common` is of, in the order of their ids where it does not say otherwise.

`message_row(id_json, payload, user_id, number, made)`
    a row of `run_change` of the kind `message`, in no order. `number`: what it has in common with others (message_common.py); `made`: the
    letter of messaging/policy/alike.py.
`message_text(…, token, line)`
    that with the token of its links if it has any, inside `signing`; `line` is the message as a file has it, NULL where it has to be
    rendered.
`message_parts(…, claims)`
    what a line is made of: the claims that are signed for its links, as JSON, NULL where nothing is. `lines_of_parts` makes the same lines
    of it, and signs in a quarter of the time.
`message_columns`
    the columns of a message that comes with its variables, and others; `message_own`, in no order, and `message_own_parts`, with the
    claims, have those that are its own.

The payload of a message with variables is its line, with the variables last; behind them stand `,"render":"variables","edition":"…"}`.
"""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from engage_cli.engine.base import Engine
from engage_cli.engine.template import Sql, identifier, literal, sql
from engage_cli.messaging.policy.alike import AS_LINE, FIELDS
from engage_cli.messaging.policy.links import MESSAGE_ID, TOKEN
from engage_cli.messaging.policy.signing import make_signing
from engage_cli.messaging.unsubscribe import Signer
from engage_cli.outputs.message_common import END

COLUMNS = (
    *("message_id", "user_id", "to", "template", "language", "from", "reply_to", "subject", "preheader", "html", "text"),
    *("unsubscribe_url", "variables", "campaign", "step", "variant", "category", "group", "scheduled_at", "send_at"),
)
"""The fields of a message as columns of Parquet and CSV, all of text; `variables` are JSON."""
OWN = ("user_id", "to", "language", "scheduled_at", "send_at")
"""Those of them that are a message's own, beside its id and its variables; `FIELDS` are the same for many, and what is rendered is in no
payload."""
Part = tuple[str, str, int, str | None]
"""What the line of a message that comes with its variables is made of: payload, id_json, number, claims, of `message_parts`."""
VARIABLES = ',"variables":'
"""What stands before the variables of a payload and nowhere earlier: in a JSON text, a quote inside a value has a backslash before it."""


def make_message_text(engine: Engine) -> None:
    """Make `message_row`, `message_parts` and `message_text`. Needs `run_change` and what `stage_commons` makes."""
    make_signing(engine)
    _make(engine, "message_row", sql(_ROWS))
    _make(engine, "message_parts", sql(_CLAIMED, of=identifier("message_row")))
    signed = sql(_SIGNED, of=identifier("message_parts"))
    _make(engine, "message_text", sql(_TEXT, of=signed, end=literal(-END - 1), as_line=literal(AS_LINE)))


def make_message_columns(engine: Engine) -> None:
    """Make `message_own`, `message_own_parts` and `message_columns`. Needs what `make_message_text` makes."""
    never = [
        sql("CAST(NULL AS VARCHAR) AS {name}", name=identifier(name))
        for name in COLUMNS
        if name not in {"message_id", *OWN, *FIELDS, "variables"}
    ]
    places = {"sought": literal(VARIABLES[2:]), "begin": literal(len(VARIABLES) + 1)}
    _make(engine, "message_own", sql(_OWN, own=literal(json.dumps(dict.fromkeys(OWN, "VARCHAR"))), **places))
    _make(engine, "message_own_parts", sql(_CLAIMED, of=identifier("message_own")))
    _make(engine, "message_columns", sql(_COLUMNS, of=sql(_SIGNED, of=identifier("message_own_parts")), never=never))


def _make(engine: Engine, name: str, query: Sql) -> None:
    engine.execute(sql("CREATE OR REPLACE TEMP VIEW {name} AS {query}", name=identifier(name), query=query).text)


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


_ROWS = """
    SELECT c.id_json, c.payload, c.user_id, s.number, s.made
    FROM run_change AS c JOIN message_common AS s ON s.rest = c.rest AND s.source = c.source AND s.destination = c.destination
    WHERE c.kind = 'message'
"""
# Read as JSON is what stands before the variables alone, which are much longer, and stay as they are; nor is what is behind them carried
# about, where it is the same for many. What is looked for begins with a letter, the third sign: a comma, which is everywhere, would take
# twice as long.
_OWN = """
    SELECT id_json, number, unnest(own),
        decode(encode(payload)[strlen(head) + {begin}:getvariable('message_ends')[number]]) AS variables
    FROM (
        SELECT *, from_json(concat(head, '}}'), {own}) AS own
        FROM (SELECT *, substring(payload, 1, instr(payload, {sought}) - 3) AS head FROM message_row)
    )
"""
# Sorted before anything is added that can be added after, as narrow as can be.
_CLAIMED = """
    SELECT *, CASE WHEN getvariable('message_claims')[number] IS NOT NULL
            THEN concat('[', to_json(user_id), getvariable('message_claims')[number], id_json, ']')
        END AS claims
    FROM (FROM {of} ORDER BY id_json)
"""
# Few addresses name the message, and cutting its id out for those that do not would cost a fifth of a line.
_SIGNED = """(
    SELECT *, replace(
        CASE WHEN contains(links, '{{message_id}}') THEN replace(links, '{{message_id}}', id_json[2:-2]) ELSE links END,
        '{{token}}', coalesce(token, '')
    ) AS filled
    FROM (
        SELECT *, unsubscribe_token(signed) AS token FROM (
            SELECT *, getvariable('message_links')[number] AS links, unsubscribe_claims(claims) AS signed FROM {of}
        )
    )
)"""
# Bytes in place of characters, which DuckDB counts one by one.
_TEXT = "SELECT *, CASE WHEN made = {as_line} THEN concat(decode(encode(payload)[:{end}]), filled, '}}}}') END AS line FROM {of}"
_COLUMNS = """
    SELECT * EXCLUDE (variables), id_json[2:-2] AS message_id, unnest(getvariable('message_fields')[number]), {never},
        concat(variables, getvariable('message_tails')[number], filled, '}}') AS variables
    FROM {of}
"""
_LINE = """
    CREATE OR REPLACE TEMP VIEW message_line AS
    SELECT * FROM read_json(getvariable('message_lines'), format = 'newline_delimited', maximum_object_size = 50000000,
        columns = {{{types}}})
"""
