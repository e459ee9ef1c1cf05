"""Files of messages: rows of `run_change` in the order of their ids.

As lines (JSONL) a message has the fields of messaging/policy/rendering.py; as Parquet or CSV the same ones as columns of text,
`variables` as JSON. Where every message comes with its variables, they are lines nearly as they stand, and CSV is cut out of these; DuckDB
writes Parquet by itself; else batches go through rendering.py.
"""

import os
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from msgspec import Struct
from sqlglot import exp

from engage_cli import files
from engage_cli.engine.base import Engine
from engage_cli.messaging.policy.alike import AS_LINE
from engage_cli.messaging.policy.batches import Lines, Row
from engage_cli.messaging.policy.editions import Edition
from engage_cli.messaging.policy.signing import signing
from engage_cli.messaging.unsubscribe import Signer, keys_of
from engage_cli.outputs.message_common import commons_of, stage_commons
from engage_cli.outputs.message_rows import csv_header, csv_of_parts
from engage_cli.outputs.message_text import COLUMNS, Part, lines_of_parts, make_message_columns, make_message_line, make_message_text
from engage_cli.outputs.rendering import BATCH, rendered
from engage_cli.state.outbox import RunFile


def write_messages(engine: Engine, file: RunFile, path: Path) -> int:
    """Write a file of messages; how many there are. Those that cannot be rendered become rows of those skipped, and of `unrendered`.

    Reads the key of unsubscribe links from the environment if a message has one. Raises EngageError where there is none.
    """
    with _staged(engine, file, None) as staged:
        if not staged.to_render:
            return _copy(engine, file, path) if file.format == "parquet" else _write_parts(engine, staged, file, path)
        lines = path if file.format == "jsonl" else path.with_name(f"{path.name}.lines")
        rows, failed = _render(engine, staged, lines)
    _skip(engine, file, failed)
    if lines != path:
        make_message_line(engine, lines)
        engine.copy(exp.select("*").from_("message_line"), path, file.format)
        files.remove(lines)
    return rows


def message_lines(engine: Engine, file: RunFile, key: bytes) -> Iterator[bytes]:
    """The lines of messages as a file would have them, which is not written; many at a time. The links are signed with this key.

    Those that cannot be rendered become rows of those skipped, and of `unrendered`, once all lines are taken.
    """
    failed: dict[str, str] = {}
    with _staged(engine, file, key) as staged, closing(_rendered(engine, staged)) as made:
        for lines in made:
            failed |= lines.failed
            yield lines.text
    _skip(engine, file, failed)


class _Staged(Struct, frozen=True):
    """A file's messages: the editions that they are of, the addresses of those that have the same in common, by number, how many have to
    be rendered, and the key that signs links, None where there is none to sign."""

    editions: Mapping[str, Edition]
    links: Sequence[str]
    to_render: int
    key: bytes | None


@contextmanager
def _staged(engine: Engine, file: RunFile, key: bytes | None) -> Iterator[_Staged]:
    """Make the views of message_text.py and what they take. Inside the block the links of messages are signed."""
    editions = {str(row[0]): Edition(*row[1:]) for row in engine.rows(_EDITIONS)}
    commons = commons_of(engine, file, editions)
    stage_commons(engine, file, commons)
    make_message_text(engine)
    to_render = sum(one.messages for one in commons if one.made != AS_LINE)
    with ExitStack() as signed:
        key = (key or keys_of(os.environ)[0]) if any(one.claims is not None for one in commons) else None
        if key is not None:
            signed.enter_context(signing(engine, key))
        yield _Staged(editions, [one.links for one in commons], to_render, key)


def _of(file: RunFile) -> list[str | None]:
    return [file.source, file.destination]


def _copy(engine: Engine, file: RunFile, path: Path) -> int:
    """Write messages that need no rendering as columns, all by one statement."""
    make_message_columns(engine)
    query = exp.select(*(exp.column(name, quoted=True) for name in COLUMNS)).from_("message_columns")
    with files.on_disk("write", path):
        return engine.copy(query, path, file.format)


def _write_parts(engine: Engine, staged: _Staged, file: RunFile, path: Path) -> int:
    """Write messages that need no rendering as lines or as CSV, some at a time: DuckDB's own writer holds many until those before are
    written, and does not sign as fast."""
    rows, signer = 0, None if staged.key is None else Signer(staged.key)
    of_parts = csv_of_parts if file.format == "csv" else lines_of_parts
    with closing(_parts(engine)) as batches, files.on_disk("write", path), path.open("wb") as out:
        if file.format == "csv":
            out.write(f"{csv_header()}\n".encode())
        for batch in batches:
            lines = of_parts(batch, staged.links, signer)
            out.write(("\n".join(lines) + "\n").encode())
            rows += len(lines)
        out.flush()
        os.fsync(out.fileno())
    return rows


def _render(engine: Engine, staged: _Staged, path: Path) -> tuple[int, dict[str, str]]:
    """Write messages as lines; how many, and of those that cannot be rendered why."""
    rows, failed = 0, dict[str, str]()
    with closing(_rendered(engine, staged)) as made, files.on_disk("write", path), path.open("wb") as out:
        for lines in made:
            out.write(lines.text)
            rows += lines.rows
            failed |= lines.failed
        out.flush()
        os.fsync(out.fileno())
    return rows, failed


def _rendered(engine: Engine, staged: _Staged) -> Generator[Lines]:
    """The lines of a file's messages, a batch at a time."""
    processes = int(engine.rows("SELECT current_setting('threads')")[0][0])
    with closing(_batches(engine)) as batches, closing(rendered(staged.editions, batches, staged.to_render, processes)) as made:
        yield from made


def _parts(engine: Engine) -> Generator[list[Part]]:
    yield from engine.batches(_PARTS, BATCH)


def _batches(engine: Engine) -> Generator[list[Row]]:
    for batch in engine.batches(_ROWS, BATCH):
        yield [(str(payload), token, line) for payload, token, line in batch]


def _skip(engine: Engine, file: RunFile, failed: Mapping[str, str]) -> None:
    """Make those that cannot be rendered, with why, rows of those skipped."""
    if failed:
        engine.execute(_FAILED, [list(failed), list(failed.values())])
        engine.execute(_SKIP, _of(file))
        engine.execute(_TAKE_OUT, _of(file))


_EDITIONS = "SELECT edition, template, texts, setting FROM run_edition"
_ROWS = "SELECT payload, token, line FROM message_text"
_PARTS = "SELECT payload, id_json, number, claims FROM message_parts"
_FAILED = """
    INSERT INTO unrendered SELECT unnest(CAST(? AS VARCHAR[])), unnest(CAST(? AS VARCHAR[]))
"""
_SKIP = """
    INSERT INTO run_change
    SELECT 'skipped', 'skipped', NULL, c.user_id, 'skipped', CAST(to_json({
            'message_id': u.message_id, 'user_id': c.user_id, 'campaign': c.payload->>'$.campaign',
            'step': c.payload->>'$.step', 'reason': 'unrenderable', 'rule': u.rule
        }) AS VARCHAR), '}', CAST(to_json(c.user_id) AS VARCHAR)
    FROM run_change AS c JOIN unrendered AS u ON CAST(to_json(u.message_id) AS VARCHAR) = c.id_json
    WHERE c.kind = 'message' AND c.source = ? AND c.destination = ?
"""
_TAKE_OUT = """
    DELETE FROM run_change WHERE kind = 'message' AND source = ? AND destination = ?
        AND id_json IN (SELECT CAST(to_json(message_id) AS VARCHAR) FROM unrendered)
"""
