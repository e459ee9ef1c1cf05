"""Text files line by line, as DuckDB's CSV reader sees them when nothing in a line is special."""

from collections.abc import Iterable, Sequence

from sqlglot import exp

from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.damage import naming
from engage_cli.engine.inputs.files import InputPath
from engage_cli.engine.template import Sql, literal, sql, text_list

USUAL_LINE, MAX_LINE = 2_000_000, 4_000_000
"""Bytes; a line longer than MAX_LINE is rejected. DuckDB takes sixteen times as much as is allowed for each of its buffers: with
64 MB a line, `memory_limit: 1GB` was too little. Files that are known to have only usual lines take half.

A smaller `buffer_size` is no way out: DuckDB 1.5 then loses a line that crosses two buffers, without a word."""
NEVER = "\x01\x02\x03\x04"
"""What divides columns: no line of JSON holds it, and what follows it in a line is in the column `extra`, not lost."""
HEAD = 200


def lines(files: Sequence[InputPath], compression: str | None, *, rejects: bool = True, errors: Sql | None = None) -> Sql:
    """A FROM item with the columns `filename`, `line`, `extra`: every line that is UTF-8 and not empty, in order.

    With `rejects` the other lines go to the temporary tables `broken_line` and `broken_scan`, which are empty then or not there.
    """
    return sql(
        "read_csv({files}, auto_detect = false, header = false, columns = {{'line': 'VARCHAR', 'extra': 'VARCHAR'}}, delim = {never}, "
        "quote = '', escape = '', comment = '', new_line = '\\n', strict_mode = false, null_padding = true, filename = true, "
        "compression = {compression}, max_line_size = {max_line}, {errors})",
        files=text_list(file.pattern for file in files),
        never=literal(NEVER),
        compression=literal(compression or "none"),
        max_line=max_line(files),
        errors=errors or error_options(rejects=rejects),
    )


def numbered_lines(file: InputPath) -> Sql:
    """The lines of one file with the empty ones, as NULL, so that they can be counted; broken ones are left out."""
    return sql(
        "read_csv([{file}], auto_detect = false, header = false, columns = {{'line': 'VARCHAR'}}, delim = {never}, quote = '', "
        "escape = '', comment = '', new_line = '\\n', strict_mode = false, filename = true, compression = {compression}, "
        "max_line_size = {max_line}, ignore_errors = true)",
        file=literal(file.pattern),
        never=literal(NEVER),
        compression=literal(file.compression or "none"),
        max_line=max_line([file]),
    )


def max_line(files: Iterable[InputPath]) -> exp.Expr:
    """The longest line that is allowed in these files."""
    return literal(MAX_LINE if any(file.may_have_long_lines for file in files) else USUAL_LINE)


def error_options(*, rejects: bool) -> Sql:
    """What read_csv does with broken rows: keep them in tables, or leave them out."""
    if rejects:
        return Sql("store_rejects = true, rejects_table = 'broken_line', rejects_scan = 'broken_scan', rejects_limit = 0")
    return Sql("ignore_errors = true")


def first_lines(connection: Connection, file: InputPath) -> Sequence[str]:
    """The first lines that are UTF-8 and not empty. DataError where there are lines but none is."""
    with naming(file):
        query = sql("SELECT line FROM {lines} LIMIT {head}", lines=lines([file], file.compression, rejects=False), head=literal(HEAD))
        found = [str(row[0]) for row in connection.rows(query.text) if row[0] is not None]
        if not found:
            strict = sql("SELECT count(line) FROM {lines}", lines=lines([file], file.compression, errors=Sql("ignore_errors = false")))
            connection.rows(strict.text)
        return found
