"""CSV with a header. Every cell is text; nothing is guessed but the delimiter, from the header's line."""

import csv
from collections import defaultdict
from collections.abc import Sequence

from engage_cli.definitions.project import Source
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.files import InputPath
from engage_cli.engine.inputs.text_lines import error_options, first_lines, max_line
from engage_cli.engine.inputs.values import Cell
from engage_cli.engine.template import Sql, literal, sql, text_list
from engage_cli.errors import DataError
from engage_cli.source import visible

DELIMITERS = ",;\t|"
Header = tuple[str, ...]


def csv_batches(connection: Connection, source: Source, files: Sequence[InputPath]) -> list[Batch]:
    """A batch for each header (and delimiter, and compression). DataError for a file without any line: a CSV names its columns."""
    groups: dict[tuple[Header, str, str | None], list[InputPath]] = defaultdict(list)
    for file in files:
        head = first_lines(connection, file)
        if not head:
            raise DataError(
                f"`{visible(file.shown)}` is empty: the first line of a CSV names its columns",
                hint="write or fetch the file again; one without rows has its header all the same",
            )
        delimiter = delimiter_of(head[0])
        groups[_header(file, head, delimiter), delimiter, file.compression].append(file)
    return [_batch(source, group, header, delimiter) for (header, delimiter, _), group in groups.items()]


def delimiter_of(line: str) -> str:
    """The delimiter that occurs most often outside quotes; a comma where none does."""
    bare = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=bare.count)


def _header(file: InputPath, head: Sequence[str], delimiter: str) -> Header:
    """The names of the columns. A name that is empty is no column; one that is there twice is an error."""
    try:
        names = tuple(next(csv.reader((line + "\n" for line in head), delimiter=delimiter, strict=True)))
    except (csv.Error, StopIteration) as error:
        raise DataError(
            f"`{visible(file.shown)}` has a header that cannot be read: {error}", hint="its first line must name the columns"
        ) from error
    names = tuple(name.strip() for name in names)
    twice = next((name for at, name in enumerate(names) if name and name in names[:at]), None)
    if twice is not None:
        raise DataError(f"`{visible(file.shown)}` has two columns `{visible(twice)}`", hint="rename one of them in its first line")
    return names


def _batch(source: Source, files: Sequence[InputPath], header: Header, delimiter: str) -> Batch:
    return Batch(
        source=source,
        files=tuple(files),
        scan=sql("(SELECT filename AS path, * FROM {reader})", reader=_reader(files, header, delimiter, rejects=True)),
        again=sql("(SELECT filename AS path, * FROM {reader})", reader=_reader(files, header, delimiter, rejects=False)),
        numbered=lambda file: sql(
            "(SELECT filename AS path, row_number() OVER () + 1 AS row_number, * FROM {reader})",
            reader=_reader([file], header, delimiter, rejects=False),
        ),
        columns={name: Cell(Sql(f"c{at}")) for at, name in enumerate(header) if name},
        content=_written(header, delimiter),
    )


def _written(header: Header, delimiter: str) -> Sql:
    """A row as it stands in its file: a cell that is empty is between two delimiters, one that needs quotes has them."""
    return sql(
        "array_to_string(list_transform([{cells}], lambda cell: CASE WHEN cell IS NULL THEN '' "
        "WHEN contains(cell, {delimiter}) OR contains(cell, '\"') OR contains(cell, chr(10)) "
        "THEN '\"' || replace(cell, '\"', '\"\"') || '\"' ELSE cell END), {delimiter})",
        cells=_cells(header),
        delimiter=literal(delimiter),
    )


def _cells(header: Header) -> list[Sql]:
    return [Sql(f"c{at}") for at in range(len(header))]


def _reader(files: Sequence[InputPath], header: Header, delimiter: str, *, rejects: bool) -> Sql:
    # A column that no query asks for is not checked for UTF-8 (and DuckDB 1.5 fails on such a row): the condition asks for all.
    return sql(
        "read_csv({files}, auto_detect = false, header = true, columns = {{{columns}}}, delim = {delimiter}, quote = '\"', escape = '\"', "
        "comment = '', filename = true, compression = {compression}, max_line_size = {max_line}, {errors}) "
        "WHERE length(concat({cells})) >= 0",
        files=text_list(file.pattern for file in files),
        columns=[sql("{cell}: 'VARCHAR'", cell=literal(str(cell))) for cell in _cells(header)],
        delimiter=literal(delimiter),
        compression=literal(files[0].compression or "none"),
        max_line=max_line(files),
        errors=error_options(rejects=rejects),
        cells=_cells(header),
    )
