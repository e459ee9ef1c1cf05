"""The values of `in_file` lists."""

from pathlib import Path

import duckdb

from engage_cli.engine.connection import Connection
from engage_cli.engine.failures import first_line
from engage_cli.engine.inputs.text_lines import MAX_LINE
from engage_cli.engine.template import identifier, literal, sql
from engage_cli.errors import DataError
from engage_cli.plan.needs import ListNeed
from engage_cli.source import visible


def stage_list(connection: Connection, folder: Path, need: ListNeed, name: str) -> None:
    """Make the relation `name(value)`: the distinct values of the first column, without a header that bears the compared name."""
    pattern = "".join(f"[{char}]" if char in "[*?" else char for char in str(folder / need.path))
    query = sql(
        "CREATE OR REPLACE TEMP TABLE {name} AS SELECT DISTINCT value "
        "FROM (SELECT value, row_number() OVER () AS place FROM read_csv({file}, auto_detect = false, header = false, "
        "columns = {{'value': 'VARCHAR'}}, delim = ',', quote = '\"', escape = '\"', comment = '', strict_mode = false, "
        "max_line_size = {max_line})) WHERE value <> '' AND NOT (place = 1 AND value = {header}) ORDER BY value",
        name=identifier(name),
        file=literal(pattern),
        max_line=literal(MAX_LINE),
        header=literal(need.header),
    )
    try:
        connection.run(query.text)
    except duckdb.Error as error:
        raise DataError(
            f"`{visible(need.path)}` cannot be read as CSV: {first_line(str(error))}",
            hint="an `in_file` list is a UTF-8 CSV file whose first column holds the values",
        ) from error
