"""Parquet: files with the same columns and types are read together, straight from where they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from duckdb.sqltypes import DuckDBPyType

from engage_cli.definitions.project import Source
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.damage import naming
from engage_cli.engine.inputs.files import InputPath
from engage_cli.engine.inputs.values import column
from engage_cli.engine.template import Sql, identifier, sql, text_list

OPTIONS = "filename = true, hive_partitioning = false, binary_as_string = true"


def parquet_batches(connection: Connection, source: Source, files: Sequence[InputPath]) -> list[Batch]:
    """A batch for each set of columns. DataError, naming the file, where one is no Parquet or is cut off."""
    by_columns: dict[tuple[tuple[str, str], ...], list[InputPath]] = defaultdict(list)
    types: dict[tuple[tuple[str, str], ...], list[tuple[str, DuckDBPyType]]] = {}
    for file in files:
        columns = _columns(connection, file)
        key = tuple((name, str(column_type)) for name, column_type in columns)
        by_columns[key].append(file)
        types[key] = columns
    return [_batch(source, group, types[key]) for key, group in by_columns.items()]


def _columns(connection: Connection, file: InputPath) -> list[tuple[str, DuckDBPyType]]:
    with naming(file):
        return connection.columns(
            sql("SELECT * FROM {files}", files=_reader([file], "hive_partitioning = false, binary_as_string = true")).text
        )


def _batch(source: Source, files: Sequence[InputPath], columns: Sequence[tuple[str, DuckDBPyType]]) -> Batch:
    renamed = [sql("{name} AS {alias}", name=identifier(name), alias=identifier(f"c{at}")) for at, (name, _) in enumerate(columns)]
    values = {name: column(sql("{alias}", alias=identifier(f"c{at}")), kind) for at, (name, kind) in enumerate(columns)}
    written = [sql("coalesce(CAST({alias} AS VARCHAR), '')", alias=identifier(f"c{at}")) for at in range(len(columns))]
    scan = sql(
        "(SELECT filename AS path, file_index AS file_number, {columns} FROM {files})", columns=renamed, files=_reader(files, OPTIONS)
    )
    return Batch(
        source=source,
        files=tuple(files),
        scan=scan,
        again=scan,
        numbered=lambda file: sql(
            "(SELECT filename AS path, file_row_number + 1 AS row_number, {columns} FROM {files})",
            columns=renamed,
            files=_reader([file], f"{OPTIONS}, file_row_number = true"),
        ),
        columns=values,
        content=sql("concat_ws(',', {written})", written=written),
        parsed=False,
        numbers_files=True,
    )


def _reader(files: Iterable[InputPath], options: str) -> Sql:
    return Sql(f"read_parquet({text_list(file.pattern for file in files)}, {options})")
