"""Messages as SQL sees them: those that come with their variables are lines already, all but the addresses of their pages.

`message_text(source, destination, id_json, payload, made, token, line)`
    a row of `run_change` of the kind `message`, with the token of its links if it has any, inside `signing`; `line` is the message as a
    file has it, NULL where it has to be rendered. The rows come in the order of their ids. `message_row` says of each whether it needs a
    token (`signs`).

The payload of a message with variables is its line, with the variables last; behind them stand `,"render":"variables","edition":"…"}`.
"""

from pathlib import Path

from engage_cli.engine.base import Engine
from engage_cli.engine.template import identifier, literal, sql, text_list
from engage_cli.messaging.policy.signing import make_signing

COLUMNS = (
    *("message_id", "user_id", "to", "template", "language", "from", "reply_to", "subject", "preheader", "html", "text"),
    *("unsubscribe_url", "variables", "campaign", "step", "variant", "category", "group", "scheduled_at", "send_at"),
)
"""The fields of a message as columns of Parquet and CSV, all of text; `variables` are JSON."""
_CUT = len(',"render":"variables","edition":""}') + 32
"""So many bytes at the end of a payload are no part of a line; an edition's id has 32."""


def make_message_text(engine: Engine) -> None:
    """Make `message_text` and `message_columns`, the same lines as columns. Needs `run_change` and `message_link`."""
    make_signing(engine)
    engine.execute(_ROW)
    engine.execute(sql(_TEXT, end=literal(-_CUT - 2)).text)
    fields = [sql("j[{number}] AS {name}", number=literal(number), name=identifier(name)) for number, name in enumerate(COLUMNS, 1)]
    engine.execute(sql(_COLUMNS, fields=fields, paths=text_list([f"$.{name}" for name in COLUMNS])).text)


def make_message_line(engine: Engine, lines: Path) -> None:
    """Make `message_line`: the lines of a file as columns, in its order."""
    engine.execute("SET VARIABLE message_lines = ?", [str(lines)])
    engine.execute(sql(_LINE, types=[sql("{name}: 'VARCHAR'", name=literal(name)) for name in COLUMNS]).text)


_ROW = """
    CREATE OR REPLACE TEMP VIEW message_row AS
    SELECT c.*, l.links, CASE
            WHEN c.made <> 'm' THEN l.variables_sign
            WHEN l.texts_sign THEN TRUE
            WHEN l.header_signs AND c.source = 'email' THEN (c.payload->>'$.category') <> 'transactional'
            ELSE FALSE
        END AS signs
    FROM (
        SELECT source, destination, user_id, id_json, payload, rest[:32] AS edition, rest[33] AS made, rest[34:] AS group_json
        FROM run_change WHERE kind = 'message'
    ) AS c JOIN message_link AS l USING (edition)
"""
# Sorted before the lines are made, and bytes in place of characters, which DuckDB counts one by one: both half the cost. Few addresses name
# the message, and cutting its id out for those that do not would cost a fifth of a line.
_TEXT = """
    CREATE OR REPLACE TEMP VIEW message_text AS
    SELECT *, CASE WHEN made = 'v' THEN
            decode(encode(payload)[:{end}])
            || replace(CASE WHEN contains(links, '{{message_id}}') THEN replace(links, '{{message_id}}', id_json[2:-2]) ELSE links END,
                '{{token}}', coalesce(token, '')) || '}}}}'
        END AS line
    FROM (
        SELECT *, unsubscribe_token(claims) AS token FROM (
            SELECT source, destination, id_json, payload, links, made, CASE WHEN signs THEN
                    unsubscribe_claims('[' || to_json(user_id) || ',' || to_json(source) || ',' || group_json || ',' || id_json || ']')
                END AS claims
            FROM (FROM message_row ORDER BY id_json)
        )
    )
"""
_COLUMNS = """
    CREATE OR REPLACE TEMP VIEW message_columns AS
    SELECT source, destination, id_json, {fields}
    FROM (SELECT source, destination, id_json, json_extract_string(line, {paths}) AS j FROM message_text)
"""
_LINE = """
    CREATE OR REPLACE TEMP VIEW message_line AS
    SELECT * FROM read_json(getvariable('message_lines'), format = 'newline_delimited', maximum_object_size = 50000000,
        columns = {{{types}}})
"""
