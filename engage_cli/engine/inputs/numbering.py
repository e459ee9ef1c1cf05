"""The number of a rejected row in its file, as an editor would show it.

DuckDB numbers lines that it cannot read (`line`), but leaves them out of what it gives; and of JSON lines, which it reads with
nothing special in them, it takes each of CR and LF for the end of a line.
"""

import gzip
from pathlib import Path

from engage_cli.engine.inputs.files import Format, InputPath
from engage_cli.engine.inputs.remote import is_remote
from engage_cli.engine.template import Sql, literal, sql

HEAD = 1 << 16


def ends_twice(file: InputPath) -> bool:
    """Whether DuckDB sees two ends of line for one: lines of JSON that end in CR and LF. Not known of zstd and remote files."""
    if file.file_format not in (Format.LINES, Format.JSON) or is_remote(file.opened) or file.compression == "zstd":
        return False
    reader = gzip.open if file.compression == "gzip" else open
    with reader(Path(file.opened), "rb") as stream:
        return b"\r\n" in stream.read(HEAD)


def numbered_broken(table: Sql, file: InputPath) -> Sql:
    """A SELECT of path, row_number, reason, content of the lines of a file that DuckDB could not read."""
    rows = sql("SELECT path, line AS row_number, reason, content FROM {table} WHERE path = {path}", table=table, path=literal(file.opened))
    return _as_shown(rows, file)


def numbered_read(rows: Sql, table: Sql | None, file: InputPath) -> Sql:
    """Rows of one file (path, row_number, reason, content), numbered among those that DuckDB could read, under their true numbers.

    `table` holds those that it could not read, None if it could read all.
    """
    if table is not None:
        rows = sql(
            "SELECT path, row_number + coalesce(missed, 0) AS row_number, reason, content FROM ({rows}) AS r "
            "ASOF LEFT JOIN (SELECT line - number AS place, max(number) AS missed FROM ("
            "SELECT line, row_number() OVER (ORDER BY line) AS number FROM {table} WHERE path = {path}) GROUP BY place"
            ") AS b ON r.row_number > b.place",
            rows=rows,
            table=table,
            path=literal(file.opened),
        )
    return _as_shown(rows, file)


def _as_shown(rows: Sql, file: InputPath) -> Sql:
    number = Sql("(row_number + 1) // 2" if ends_twice(file) else "row_number")
    return sql("SELECT path, {number} AS row_number, reason, content FROM ({rows})", number=number, rows=rows)
