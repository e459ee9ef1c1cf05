"""Files that cannot be read: which one it is, said in place of DuckDB's error."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from engage_cli.engine.connection import Connection
from engage_cli.engine.failures import FileError, first_line
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.files import FORMAT_NAMES, InputPath
from engage_cli.engine.template import sql
from engage_cli.errors import DataError
from engage_cli.source import visible


@contextmanager
def naming(file: InputPath) -> Iterator[None]:
    """Raises a DataError that names the file where DuckDB cannot read it."""
    try:
        yield
    except (duckdb.Error, FileError) as error:
        raise DataError(
            f"`{visible(file.shown)}` cannot be read as {FORMAT_NAMES[file.file_format]}: {first_line(str(error.__cause__ or error))}",
            hint="write or fetch the file again; if it is meant to be something else, take it out of the source's path",
        ) from error


@contextmanager
def blaming(connection: Connection, batches: Iterable[Batch]) -> Iterator[None]:
    """Like `naming`, for a statement over many files: they are then read one by one to find the one that is at fault."""
    try:
        yield
    except (duckdb.Error, FileError):
        for batch in batches:
            for file in batch.files:
                with naming(file):
                    connection.rows(
                        sql("SELECT count(path), count({content}) FROM {scan}", content=batch.content, scan=batch.numbered(file)).text
                    )
        raise
