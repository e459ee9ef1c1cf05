"""JSON: one object a line (.jsonl, .ndjson, .json), or an array of objects (.json).

DuckDB's own reader of JSON lines makes a broken line an empty row, without a word: lines are read as text and judged here.
"""

import json
from collections.abc import Sequence
from itertools import groupby

from engage_cli.definitions.project import Source
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.damage import naming
from engage_cli.engine.inputs.files import Format, InputPath
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.text_lines import HEAD, MAX_LINE, first_lines, lines, numbered_lines
from engage_cli.engine.inputs.values import JsonValue
from engage_cli.engine.template import Sql, literal, sql, text_list

_RECORD = JsonValue(Sql("record"))
_NO_ZONES = Zones("UTC", "UTC")


def json_batches(connection: Connection, source: Source, files: Sequence[InputPath]) -> list[Batch]:
    """A batch for each way of reading: lines or arrays, and their compression."""

    def way(file: InputPath) -> tuple[bool, str]:
        return _is_array(connection, file), file.compression or ""

    groups = groupby(sorted(files, key=lambda file: (way(file), file.shown)), key=way)
    return [_batch(connection, source, list(group), array=array) for (array, _), group in groups]


def _is_array(connection: Connection, file: InputPath) -> bool:
    """Whether a .json file is an array of objects, by its first character."""
    if file.file_format is not Format.JSON:
        return False
    head = first_lines(connection, file)
    return bool(head) and head[0].lstrip("\ufeff \t").startswith("[")


def _batch(connection: Connection, source: Source, files: Sequence[InputPath], *, array: bool) -> Batch:
    names = _names(connection, files, array=array)
    read = _array_rows if array else _line_rows
    return Batch(
        source=source,
        files=tuple(files),
        scan=read(files, lines(files, files[0].compression)),
        again=read(files, lines(files, files[0].compression, rejects=False)),
        numbered=lambda file: _numbered_array(file) if array else _numbered_lines(file),
        columns={name: _RECORD.at([name], _NO_ZONES) for name in names},
        content=Sql("content"),
        record=_RECORD,
        broken=Sql("record IS NULL"),
    )


def _line_rows(_: Sequence[InputPath], reader: Sql) -> Sql:
    return sql(
        "(SELECT filename AS path, line AS content, CASE WHEN extra IS NULL THEN object_of_text(line) END"
        " AS record FROM {reader} WHERE trim(line) <> '')",
        reader=reader,
    )


def _numbered_lines(file: InputPath) -> Sql:
    return sql(
        "(SELECT path, row_number, content, object_of_text(content) AS record"
        " FROM (SELECT filename AS path, row_number() OVER () AS row_number, line AS content FROM {reader}) WHERE trim(content) <> '')",
        reader=numbered_lines(file),
    )


def _array_rows(files: Sequence[InputPath], _: Sql) -> Sql:
    return _of_array(files, Sql(""))


def _numbered_array(file: InputPath) -> Sql:
    return _of_array([file], Sql("row_number() OVER () AS row_number, "))


def _of_array(files: Sequence[InputPath], number: Sql) -> Sql:
    return sql(
        "(SELECT filename AS path, {number} CAST(json AS VARCHAR) AS content, CASE WHEN json_type(json) = 'OBJECT' THEN json END AS record"
        " FROM {reader})",
        number=number,
        reader=_array_reader(files),
    )


def _array_reader(files: Sequence[InputPath]) -> Sql:
    return sql(
        "read_json_objects({files}, format = 'array', filename = true, compression = {compression}, maximum_object_size = {size})",
        files=text_list(file.pattern for file in files),
        compression=literal(files[0].compression or "uncompressed"),
        size=literal(MAX_LINE),
    )


def _names(connection: Connection, files: Sequence[InputPath], *, array: bool) -> list[str]:
    """The names that objects at the beginning of the first and the last file have."""
    found: dict[str, None] = {}
    for file in {files[0], files[-1]}:
        for line in _first_elements(connection, file) if array else first_lines(connection, file):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                continue
            found.update(dict.fromkeys(record if isinstance(record, dict) else ()))
    return list(found)


def _first_elements(connection: Connection, file: InputPath) -> list[str]:
    with naming(file):
        query = sql("SELECT CAST(json AS VARCHAR) FROM {reader} LIMIT {head}", reader=_array_reader([file]), head=literal(HEAD))
        return [str(row[0]) for row in connection.rows(query.text) if row[0] is not None]
