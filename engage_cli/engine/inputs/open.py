"""The files of sources as batches, by their formats."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from engage_cli.definitions.project import Source
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.csv_files import csv_batches
from engage_cli.engine.inputs.fields import check_mapping
from engage_cli.engine.inputs.files import Format, InputPath, find_paths
from engage_cli.engine.inputs.json_files import json_batches
from engage_cli.engine.inputs.parquet_files import parquet_batches
from engage_cli.records import replace

OPENERS = {Format.PARQUET: parquet_batches, Format.CSV: csv_batches, Format.LINES: json_batches, Format.JSON: json_batches}


def open_batches(
    connection: Connection, folder: Path, sources: Iterable[Source], zone: str, only: frozenset[str] | None = None, *, every: bool = True
) -> list[Batch]:
    """The batches of all sources of one kind, in order; of the files in `only` alone (as DuckDB names them) if given.

    `every`: these are all that there are.
    """
    batches = []
    for source in sources:
        connection.use_reading(source.timezone, zone)
        paths = [path for path in find_paths(connection, folder, source) if only is None or path.opened in only]
        batches += _open(
            connection, source, [replace(path, may_have_long_lines=path.opened not in connection.usual_lines) for path in paths]
        )
    if every:
        check_mapping(batches)
    return batches


def _open(connection: Connection, source: Source, files: Sequence[InputPath]) -> list[Batch]:
    batches = []
    for file_format in sorted({file.file_format for file in files}):
        batches += OPENERS[file_format](connection, source, [file for file in files if file.file_format is file_format])
    return batches
