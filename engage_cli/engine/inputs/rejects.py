"""The account of rows that cannot be read: where each is, why, and how it begins."""

from collections.abc import Iterable, Sequence, Set

from engage_cli.engine.base import Reject
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import BAD_PROPERTIES, Asked
from engage_cli.engine.inputs.events import Events
from engage_cli.engine.inputs.files import InputPath
from engage_cli.engine.inputs.loading import SHOWN, Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.template import FALSE, Sql, identifier, joined, literal, sql
from engage_cli.source import visible

REJECTED = Sql("reason IS NOT NULL")


def stage_rejects(work: Work, events: Events | None, rejected: Set[str], people: Sequence[PeopleRows]) -> tuple[Reject, ...]:
    """Make the relation `rejects` of all rows that were left out, and sum it up by file and reason.

    `rejected` are the files of events (as DuckDB names them) that have rows with a reason.
    """
    if events is not None:
        _event_rejects(work, events, rejected)
    for rows in people:
        for file in _files_of(work, rows.batch, rows.select([Sql("path")], REJECTED)):
            _keep(work, rows.batch, file, rows.select([_row(rows.batch), Sql("reason")], REJECTED, scan=rows.batch.numbered(file)))
    batches = [rows.batch for rows in people] + ([batch.rows.batch for batch in events.arrived] if events else [])
    return _table(work, {path: shown for batch in batches for path, shown in batch.shown.items()})


def _event_rejects(work: Work, events: Events, rejected: Set[str]) -> None:
    for batch in events.arrived:
        rows = batch.rows
        for file in (file for file in rows.batch.files if file.opened in rejected):
            asked = Asked(checked=FALSE, scan=rows.batch.numbered(file))
            _keep(work, rows.batch, file, rows.select([_row(rows.batch), Sql("reason")], REJECTED, asked))
    unsound = sql("reason IS NULL AND {row} AND coalesce(unsound, FALSE)", row=events.wanted.row)
    for batch, paths in events.unsound():
        rows = batch.rows
        for file in _files_of(work, rows.batch, paths):
            columns = [_row(rows.batch), sql("{reason} AS reason", reason=literal(BAD_PROPERTIES))]
            _keep(work, rows.batch, file, rows.select(columns, unsound, Asked(scan=rows.batch.numbered(file))))


def _files_of(work: Work, batch: Batch, paths: Sql) -> list[InputPath]:
    """The files of a batch that are among `paths`."""
    found = {row[0] for row in work.connection.rows(sql("SELECT DISTINCT path FROM ({paths})", paths=paths).text)}
    return [file for file in batch.files if file.opened in found]


def _row(batch: Batch) -> Sql:
    return sql("path, row_number, left(CAST({content} AS VARCHAR), {shown}) AS content", content=batch.content, shown=literal(SHOWN))


def _keep(work: Work, batch: Batch, file: InputPath, rows: Sql) -> None:
    """Keep the rejected rows of one file under the numbers that they have there, the lines that could not be read counted in."""
    broken = work.broken.get(file.opened, [])
    if broken:
        before = [sql("({place}, {number})", place=literal(line - at), number=literal(at)) for at, line in enumerate(broken, 1)]
        rows = sql(
            "SELECT path, row_number + coalesce(number, 0) AS row_number, content, reason FROM ({rows}) AS r "
            "ASOF LEFT JOIN (VALUES {before}) AS b(place, number) ON r.row_number > b.place",
            rows=rows,
            before=before,
        )
    name = f"staging_reject_{len(work.rejects)}"
    work.connection.run(sql("CREATE TEMP TABLE {name} AS {rows}", name=identifier(name), rows=rows).text)
    work.rejects.append(name)


def _table(work: Work, shown: dict[str, str]) -> tuple[Reject, ...]:
    parts = [Sql("SELECT CAST(NULL AS VARCHAR) AS path, CAST(NULL AS BIGINT) AS row_number, '' AS reason, '' AS content WHERE FALSE")]
    parts += [sql("SELECT path, row_number, reason, content FROM {name}", name=identifier(name)) for name in work.rejects]
    union = joined(" UNION ALL ", parts)
    paths = [row[0] for row in work.connection.rows(sql("SELECT DISTINCT path FROM ({union})", union=union).text)]
    cases = [sql("WHEN {path} THEN {shown}", path=literal(path), shown=literal(shown.get(path, path))) for path in paths]
    path = sql("CASE path {cases} END", cases=joined(" ", cases)) if cases else Sql("path")
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE rejects AS SELECT * REPLACE ({path} AS path) FROM ({union}) ORDER BY ALL", path=path, union=union
        ).text
    )
    found: Iterable[tuple[str, str, int, int | None, str | None]] = work.connection.rows(
        "SELECT path, reason, count(*), min(row_number), arg_min(content, coalesce(row_number, 0)) FROM rejects "
        "GROUP BY path, reason ORDER BY path, reason"
    )
    return tuple(Reject(path, reason, rows, first, example and visible(example)) for path, reason, rows, first, example in found)
