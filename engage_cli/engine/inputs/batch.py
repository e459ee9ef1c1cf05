"""Files of one source that share their columns: what the rest reads, whatever the format.

Made by parquet_files, csv_files and json_files; read by events, profiles, universe and authored.
"""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from engage_cli.definitions.paths import PathError, parse_path
from engage_cli.definitions.project import Source
from engage_cli.engine.inputs.files import InputPath
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.values import JsonValue, Value
from engage_cli.engine.template import FALSE, Sql


class Batch(Struct, frozen=True):
    """Rows of some files.

    `scan` is a FROM item with `path` (as DuckDB names the file) and the columns that the values are made of; it keeps the broken rows of
    text in tables (text_lines.py), `again` does not. `numbered` is the same for one file alone, with `row_number`. `columns` are the
    values by name, in file order. Of JSON, whose names are not known before it is read, they are the names met at its beginning, and
    `record` is the whole object. `broken` says of a row that it cannot be read at all; `content` is how the row begins, to show it.
    `numbers_files`: `scan` has `file_number`, the place of the row's file among `files`, from 0 on.
    `parsed`: the files are text, and reading them again costs as much as reading them once.
    """

    source: Source
    files: tuple[InputPath, ...]
    scan: Sql
    again: Sql
    numbered: Callable[[InputPath], Sql]
    columns: Mapping[str, Value]
    content: Sql
    record: JsonValue | None = None
    broken: Sql = FALSE
    parsed: bool = True
    numbers_files: bool = False

    def value(self, name: str, zones: Zones) -> Value | None:
        """The value of a column; in JSON a dotted name leads into the object."""
        if name in self.columns or self.record is None:
            return self.columns.get(name)
        return self.record.at(_names(name), zones)

    def has(self, name: str) -> bool:
        """Whether the column is known to be there."""
        return name in self.columns or (self.record is not None and _names(name)[0] in self.columns)

    @property
    def shown(self) -> Mapping[str, str]:
        """How a user knows each file, by DuckDB's name for it."""
        return {path.opened: path.shown for path in self.files}


def _names(name: str) -> Sequence[str]:
    try:
        parts = parse_path(name).parts
    except PathError:
        return (name,)
    return [part for part in parts if isinstance(part, str)] if all(isinstance(part, str) for part in parts) else (name,)
