"""The account of rows that cannot be read: where each is, why, and how it begins."""

from collections.abc import Iterable, Mapping, Sequence, Set

from sqlglot import exp

from engage_cli.engine.base import Reject
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.entities import EntityRows
from engage_cli.engine.inputs.event_rows import BAD_PROPERTIES, NOT_REJECTED, Asked
from engage_cli.engine.inputs.events import Events
from engage_cli.engine.inputs.files import InputPath
from engage_cli.engine.inputs.loading import SHOWN, Work
from engage_cli.engine.inputs.numbering import numbered_broken, numbered_read
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.suppressions import SuppressionRows
from engage_cli.engine.template import FALSE, Sql, joined, literal, sql
from engage_cli.source import visible

REJECTED = Sql("reason IS NOT NULL")
IS_REJECT = sql("{rejected} AND reason NOT IN ({apart})", rejected=REJECTED, apart=[literal(reason) for reason in NOT_REJECTED])
"""The row is told of among those that cannot be used. Calls of people who are known only by an anonymous id, and rows of those who were
forgotten, are counted apart."""


def event_rejects(work: Work, events: Events, rejected: Set[str], suspects: Set[str]) -> list[Sql]:
    """SELECTs of path (as DuckDB names the file), row_number, reason, content of the rows of events that are left out.

    `rejected` are the files that have rows with a reason; only in those of `suspects` can there be properties that are no object.
    """
    found = _broken(work, [batch.rows.batch for batch in events.arrived])
    for batch in events.arrived:
        rows = batch.rows
        for file in (file for file in rows.batch.files if file.opened in rejected):
            asked = Asked(checked=FALSE, scan=rows.batch.numbered(file))
            found.append(_numbered(work, file, rows.select(_row(rows.batch), IS_REJECT, asked)))
    unsound = sql("reason IS NULL AND {row} AND coalesce(unsound, FALSE)", row=events.wanted.row)
    for batch, paths in events.unsound():
        rows = batch.rows
        if not any(file.opened in suspects for file in rows.batch.files):
            continue
        for file in _files_of(work, rows.batch, paths):
            asked = Asked(scan=rows.batch.numbered(file))
            found.append(_numbered(work, file, rows.select(_row(rows.batch, literal(BAD_PROPERTIES)), unsound, asked)))
    return found


def people_rejects(work: Work, people: Sequence[PeopleRows | EntityRows | SuppressionRows]) -> list[Sql]:
    """SELECTs of path (as the user knows the file), row_number, reason, content of the rows that are left out, of all but events."""
    # Of raw calls every row is judged, and told of, where they are read for events.
    people = [rows for rows in people if not rows.batch.source.segment]
    found = _broken(work, [rows.batch for rows in people])
    for rows in people:
        for file in _files_of(work, rows.batch, rows.select([Sql("path")], IS_REJECT)):
            found.append(_numbered(work, file, rows.select(_row(rows.batch), IS_REJECT, scan=rows.batch.numbered(file))))
    return [as_shown(rows, {path: shown for people_rows in people for path, shown in people_rows.batch.shown.items()}) for rows in found]


def as_shown(rows: Sql, shown: Mapping[str, str]) -> Sql:
    """The rejects with each path as the user knows the file."""
    cases = [sql("WHEN {path} THEN {shown}", path=literal(path), shown=literal(name)) for path, name in sorted(shown.items())]
    path = sql("CASE path {cases} ELSE path END", cases=joined(" ", cases)) if cases else Sql("path")
    return sql("SELECT {path} AS path, row_number, reason, content FROM ({rows})", path=path, rows=rows)


def _broken(work: Work, batches: Sequence[Batch]) -> list[Sql]:
    files = (file for batch in batches for file in batch.files if file.opened in work.broken)
    return [numbered_broken(work.broken[file.opened], file) for file in files]


def _files_of(work: Work, batch: Batch, paths: Sql) -> list[InputPath]:
    """The files of a batch that are among `paths`."""
    found = {row[0] for row in work.connection.rows(sql("SELECT DISTINCT path FROM ({paths})", paths=paths).text)}
    return [file for file in batch.files if file.opened in found]


def _row(batch: Batch, reason: exp.Expr | None = None) -> list[Sql]:
    content = sql("left(CAST({content} AS VARCHAR), {shown}) AS content", content=batch.content, shown=literal(SHOWN))
    return [Sql("path, row_number"), sql("{reason} AS reason", reason=reason or Sql("reason")), content]


def _numbered(work: Work, file: InputPath, rows: Sql) -> Sql:
    """The rejected rows of one file, kept in a table, under the numbers that they have there."""
    table = work.table("reject", numbered_read(rows, work.broken.get(file.opened), file))
    return sql("SELECT * FROM {table}", table=table)


def stage_rejects(work: Work, found: Iterable[Sql]) -> tuple[Reject, ...]:
    """Make the relation `rejects` of all rows that were left out, and sum it up by file and reason."""
    empty = Sql("SELECT CAST(NULL AS VARCHAR) AS path, CAST(NULL AS BIGINT) AS row_number, '' AS reason, '' AS content WHERE FALSE")
    union = joined(" UNION ALL ", [empty, *found])
    work.connection.run(sql("CREATE OR REPLACE TEMP TABLE rejects AS SELECT * FROM ({union}) ORDER BY ALL", union=union).text)
    summary = work.connection.rows(
        "SELECT path, reason, count(*), min(row_number), arg_min(content, coalesce(row_number, 0)) FROM rejects "
        "GROUP BY path, reason ORDER BY path, reason"
    )
    return tuple(Reject(path, reason, rows, first, example and visible(example)) for path, reason, rows, first, example in summary)
