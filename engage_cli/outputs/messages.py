"""Files of messages: rows of `run_change` in the order of their ids, each rendered on its own, a batch at a time.

As lines (JSONL) a message has the fields of messaging/policy/rendering.py; as Parquet or CSV the same ones as columns of text,
`variables` as JSON.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from sqlglot import exp

from engage_cli import files
from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.policy.rendering import Messages
from engage_cli.messaging.problems import RenderError
from engage_cli.state.outbox import RunFile

BATCH = 5000
"""Rows that are in memory at once."""


def write_messages(engine: Engine, file: RunFile, path: Path) -> int:
    """Write a file of messages; how many there are. Those that cannot be rendered become rows of those skipped, and of `unrendered`."""
    engine.execute(_LINES, [file.kind.value, file.source, file.destination])
    messages = Messages({str(row[0]): Edition(*row[1:]) for row in engine.rows(_EDITIONS)})
    lines = path if file.format == "jsonl" else path.with_name(f"{path.name}.lines")
    failed: list[tuple[str, str]] = []
    with files.on_disk("write", lines), lines.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
        rows = _write(engine, messages, out, failed)
        out.flush()
        os.fsync(out.fileno())
    if failed:
        engine.execute(_FAILED, [[one[0] for one in failed], [one[1] for one in failed]])
        engine.execute(_SKIP, [file.source])
        engine.execute(_TAKE_OUT, [file.source])
    if lines != path:
        engine.execute(_COLUMNS, [str(lines)])
        engine.copy(exp.select("*").from_("message_column"), path, file.format)
        files.remove(lines)
    return rows


def _write(engine: Engine, messages: Messages, out: TextIO, failed: list[tuple[str, str]]) -> int:
    rows = 0
    for payload in _payloads(engine):
        row = json.loads(payload)
        try:
            line = messages.line(row)
        except RenderError as error:
            failed.append((row["message_id"], f"{error.place or row['template']}: {error.message}"))
            continue
        out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        rows += 1
    return rows


def _payloads(engine: Engine) -> Iterator[str]:
    """The rows of `message_line` in order, a batch at a time."""
    last = int(engine.rows("SELECT count(*) FROM message_line")[0][0])
    for low in range(0, last, BATCH):
        for (payload,) in engine.rows("SELECT payload FROM message_line WHERE line > ? AND line <= ? ORDER BY line", [low, low + BATCH]):
            yield payload


_LINES = """
    CREATE OR REPLACE TEMP TABLE message_line AS
    SELECT row_number() OVER (ORDER BY payload) AS line, payload FROM run_change WHERE kind = ? AND source = ? AND destination = ?
    ORDER BY line
"""
_COLUMNS = """
    CREATE OR REPLACE TEMP TABLE message_column AS
    SELECT * FROM read_json(?, format = 'newline_delimited', maximum_object_size = 50000000, columns = {
        'message_id': 'VARCHAR', 'user_id': 'VARCHAR', 'to': 'VARCHAR', 'template': 'VARCHAR', 'language': 'VARCHAR', 'from': 'VARCHAR',
        'reply_to': 'VARCHAR', 'subject': 'VARCHAR', 'preheader': 'VARCHAR', 'html': 'VARCHAR', 'text': 'VARCHAR',
        'unsubscribe_url': 'VARCHAR', 'variables': 'VARCHAR', 'campaign': 'VARCHAR', 'step': 'VARCHAR', 'variant': 'VARCHAR',
        'category': 'VARCHAR', 'group': 'VARCHAR', 'scheduled_at': 'VARCHAR', 'send_at': 'VARCHAR'
    })
"""
_EDITIONS = "SELECT edition, template, texts, setting FROM run_edition"
_FAILED = """
    INSERT INTO unrendered SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS VARCHAR[]))
"""
_SKIP = """
    INSERT INTO run_change
    SELECT 'skipped', 'skipped', NULL, c.user_id, 'skipped', CAST(to_json({
            'message_id': c.payload->>'$.message_id', 'user_id': c.user_id, 'campaign': c.payload->>'$.campaign',
            'step': c.payload->>'$.step', 'reason': 'unrenderable', 'rule': u.rule
        }) AS VARCHAR), '}', CAST(to_json(c.user_id) AS VARCHAR)
    FROM run_change AS c JOIN unrendered AS u ON u.message_id = (c.payload->>'$.message_id')
    WHERE c.kind = 'message' AND c.source = ?
"""
_TAKE_OUT = """
    DELETE FROM run_change WHERE kind = 'message' AND source = ? AND (payload->>'$.message_id') IN (SELECT message_id FROM unrendered)
"""
