"""Text files are read once, into temporary tables; what is broken in them is kept for the account of rejects."""

from collections.abc import Sequence

from msgspec import Struct, field

from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.endings import refuse_cut_off
from engage_cli.engine.template import Sql, identifier, joined, literal, sql
from engage_cli.errors import DataError
from engage_cli.records import replace
from engage_cli.source import visible

REASONS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "a quote that is not closed, or not doubled",
    "INVALID ENCODING": "not UTF-8",
    "LINE SIZE OVER MAXIMUM": "the line is too long",
}
DROP_BROKEN = ("DROP TABLE IF EXISTS broken_line", "DROP TABLE IF EXISTS broken_scan")
SWALLOWED = 20
"""Lines after which an open quote is no longer one broken row."""
SHOWN = 200
"""Characters of a rejected row that are kept to show it."""

_LINES = "len(string_split(trim(csv_line, E'\\r\\n'), chr(10)))"
_TAKEN = Sql(f"CASE WHEN error_type = 'UNQUOTED VALUE' AND {_LINES} > 1 THEN ': it takes ' || {_LINES} || ' lines' ELSE '' END")
"""What is said of an open quote that took more than its own line: these are lost with it, and count as one row."""


class Work(Struct):
    """What one staging makes on the way: the connection, and the tables to drop at its end.

    `broken` are the tables (path, line, reason, content) of the lines that read_csv could not read, by DuckDB's name of the file.
    """

    connection: Connection
    tables: list[str] = field(default_factory=list)
    broken: dict[str, Sql] = field(default_factory=dict)

    def table(self, label: str, query: Sql, parameters: Sequence[str] = ()) -> Sql:
        """A new temporary table of a query's rows."""
        name = f"staging_{label}_{len(self.tables)}"
        statement = sql("CREATE OR REPLACE TEMP TABLE {name} AS {query}", name=identifier(name), query=query)
        if parameters:
            self.connection.run(statement.text, parameters)
        else:
            self.connection.run_large(statement.text, undo=DROP_BROKEN)
        self.tables.append(name)
        return sql("{name}", name=identifier(name))

    def reading(self, label: str, batch: Batch, query: Sql, *, whole: bool = False) -> Sql:
        """Like `table`, for a query that scans a batch of files. `whole`: one that is cut off within its last row is an error."""
        with blaming(self.connection, [batch]):
            table = self.table(label, query)
        if batch.parsed:
            self._keep_broken(batch, whole=whole)
        return table

    def any(self, query: Sql) -> bool:
        """Whether a query has a row."""
        return bool(self.connection.rows(sql("SELECT EXISTS ({query})", query=query).text)[0][0])

    def count(self, table: Sql) -> int:
        """How many rows a table has."""
        return int(self.connection.rows(sql("SELECT count(*) FROM {table}", table=table).text)[0][0])

    def drop_tables(self) -> None:
        """Let go of everything that was made on the way."""
        for name in self.tables:
            self.connection.run(sql("DROP TABLE IF EXISTS {name}", name=identifier(name)).text)

    def _keep_broken(self, batch: Batch, *, whole: bool) -> None:
        """Take over what read_csv wrote down of lines that it could not read."""
        if not (self.connection.has("broken_line") and self.any(Sql("SELECT 1 FROM broken_line"))):
            return  # the next batch adds to the empty tables
        if whole:
            refuse_cut_off(self.connection, batch)
        self._refuse_open_quote(batch)
        self._add_broken()
        for drop in DROP_BROKEN:
            self.connection.run(drop)

    def _refuse_open_quote(self, batch: Batch) -> None:
        """DataError where a quote that is never closed swallows what follows: DuckDB counts that as one row, however much it is."""
        found = self.connection.rows(
            "SELECT file_path, line FROM broken_line JOIN broken_scan USING (scan_id, file_id) WHERE error_type = 'UNQUOTED VALUE' "
            "AND length(csv_line) - length(replace(csv_line, chr(10), '')) > ? ORDER BY ALL LIMIT 1",
            [SWALLOWED],
        )
        if found:
            path, line = found[0]
            raise DataError(
                f"`{visible(batch.shown.get(path, path))}` opens a quote in row {line} that is not closed for many lines",
                hint='close it; a quote inside a quoted value is written twice (`""`)',
            )

    def _add_broken(self) -> None:
        reasons = [sql("WHEN {kind} THEN {reason}", kind=literal(kind), reason=literal(reason)) for kind, reason in REASONS.items()]
        table = self.table(
            "broken",
            sql(
                "SELECT file_path AS path, CAST(line AS BIGINT) AS line, "
                "min(CASE CAST(error_type AS VARCHAR) {reasons} ELSE 'the line cannot be read' END || {taken}) AS reason, "
                "left(ltrim(min(csv_line), E'\\r\\n'), {shown}) AS content "
                "FROM broken_line JOIN broken_scan USING (scan_id, file_id) GROUP BY path, line",
                reasons=joined(" ", reasons),
                taken=_TAKEN,
                shown=literal(SHOWN),
            ),
        )
        for row in self.connection.rows(sql("SELECT DISTINCT path FROM {table}", table=table).text):
            self.broken[str(row[0])] = table


def loaded(work: Work, batch: Batch, label: str) -> Batch:
    """The batch with its text files read into a table; Parquet stays where it is. Its files hold all that there is: none may be cut off."""
    if not batch.parsed:
        return batch
    table = work.reading(label, batch, sql("SELECT * FROM {scan}", scan=batch.scan), whole=True)
    return replace(batch, scan=table, again=table, parsed=False)
