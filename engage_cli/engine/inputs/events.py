"""Events of all files as one relation: only the names, columns and range that the plan needs, each event once."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from engage_cli.definitions.project import Sources
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.duplicates import Duplicates, find_duplicates
from engage_cli.engine.inputs.event_rows import ANONYMOUS, FORGOTTEN, NOT_REJECTED, Asked, EventRows
from engage_cli.engine.inputs.forgotten import forgotten_ids
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.wanted import Wanted
from engage_cli.engine.template import Sql, joined, literal, sql
from engage_cli.plan.needs import Column, Reading
from engage_cli.records import replace

CORE = Sql("path, user_id, event, ts, message_id, reason")
SOUND = Sql("NOT coalesce(unsound, FALSE)")
IDENTITY = Sql("e.user_id, e.event, e.ts, e.message_id")


class Arrived(Struct, frozen=True):
    """One batch that can be read more than once: `core` is a FROM item with path, user_id, event, ts, message_id, reason of every row.

    `table` holds these and `unsound` and the columns of the needed rows, where the files had to be parsed; Parquet is read in place.
    """

    rows: EventRows
    core: Sql
    table: Sql | None


class FileKeys(Struct, frozen=True):
    """The key of each file by DuckDB's name of it; `table` has them too (path, file_key)."""

    keys: Mapping[str, int]
    table: Sql


class FileRows(Struct, frozen=True):
    """The rows of one file (as DuckDB names it): all, those that are rejected, those that are later than as_of, and those that are left
    out as calls of people who are known only by an anonymous id, and as rows of people who were forgotten."""

    path: str
    rows: int
    rejected: int
    future: int
    anonymous: int
    forgotten: int


class Events(Struct, frozen=True):
    """All events: who did something by as_of, and each needed event once."""

    wanted: Wanted
    arrived: tuple[Arrived, ...]
    duplicates: Duplicates

    def summary(self, work: Work) -> list[FileRows]:
        """How many rows each file has."""
        parts = [sql("SELECT path, reason, ts FROM {core}", core=batch.core) for batch in self.arrived]
        query = sql(
            "SELECT path, count(*), count(*) FILTER (WHERE reason NOT IN ({apart})), count(*) FILTER (WHERE reason IS NULL AND NOT {by}), "
            "count(*) FILTER (WHERE reason = {anonymous}), count(*) FILTER (WHERE reason = {forgotten}) FROM ({parts}) GROUP BY path",
            by=self.wanted.by_as_of,
            apart=[literal(reason) for reason in NOT_REJECTED],
            anonymous=literal(ANONYMOUS),
            forgotten=literal(FORGOTTEN),
            parts=joined(" UNION ALL ", parts),
        )
        return [FileRows(*row) for row in work.connection.rows(query.text)]

    def totals(self, work: Work) -> dict[str, int]:
        """How many rows each file (as DuckDB names it) has, without those that read_csv could not read."""
        parts = [sql("SELECT path FROM {core}", core=batch.core) for batch in self.arrived]
        query = sql("SELECT path, count(*) FROM ({parts}) GROUP BY path", parts=joined(" UNION ALL ", parts))
        return {str(path): int(rows) for path, rows in work.connection.rows(query.text)}

    def users(self) -> Sql:
        """A SELECT of the ids of everybody with an event by as_of (some more than once)."""
        by = self.wanted.by_as_of
        parts = [
            sql(
                "SELECT DISTINCT e.user_id FROM (SELECT * FROM {core} WHERE reason IS NULL AND {by}) AS e {undisputed}",
                core=batch.core,
                by=by,
                undisputed=self.duplicates.undisputed(),
            )
            for batch in self.arrived
        ]
        if self.duplicates.settled is not None:
            parts.append(sql("SELECT DISTINCT user_id FROM {settled} WHERE {by}", settled=self.duplicates.settled, by=by))
        return joined(" UNION ALL ", parts)

    def distinct(self, field: str) -> Sql:
        """A SELECT of every `user_id`, `event` or `message_id` that is in some row, rejected ones among them, once. Of users without those
        who were forgotten."""
        query = sql("SELECT DISTINCT {field} FROM ({rows}) WHERE {field} IS NOT NULL", field=Sql(field), rows=fields(self.arrived, field))
        forgotten = sorted({one for batch in self.arrived for one in batch.rows.forgotten})
        if field != "user_id" or not forgotten:
            return query
        return sql("{query} AND user_id NOT IN ({forgotten})", query=query, forgotten=[literal(one) for one in forgotten])

    def empty_columns(self, work: Work) -> frozenset[Column]:
        """Columns that are known to have no value in any row."""
        return frozenset.intersection(*(_empty(work, batch, self.wanted) for batch in self.arrived)) if self.arrived else frozenset()

    def names(self, wanted: Wanted) -> Sql:
        """A SELECT of the names of needed events (and of some that turn out to be none)."""
        parts = [
            sql("SELECT DISTINCT event FROM {core} WHERE reason IS NULL AND {row}", core=self._core(batch, wanted), row=wanted.row)
            for batch in self.arrived
        ]
        return joined(" UNION ALL ", parts)

    def select(self, wanted: Wanted, keys: FileKeys | None = None) -> Sql:
        """A SELECT of every needed event once: user_id, event, ts, message_id, the columns, the properties if they are wanted; and the
        `path` of its file (as DuckDB names it), or with `keys` its `file_key`.
        """
        names = [IDENTITY, *(sql("e.{name}", name=wanted.labels.of(column)) for column in wanted.columns)]
        if wanted.with_properties:
            names.append(Sql("e.properties"))
        parts = []
        for batch in self.arrived:
            place, join = _place(batch.rows.batch, keys)
            rows = _needed(batch, wanted, SOUND)
            alone = self.duplicates.unrepeated()
            parts.append(
                sql(
                    "SELECT {place}, {names} FROM {rows} AS e {join} {alone} WHERE e.message_id IS NOT NULL",
                    place=place,
                    names=names,
                    rows=rows,
                    join=join,
                    alone=alone,
                )
            )
        if self.duplicates.settled is not None:
            place, join = _place(None, keys)
            settled = sql("SELECT * FROM {settled} WHERE {sound} AND {row}", settled=self.duplicates.settled, sound=SOUND, row=wanted.row)
            parts.append(sql("SELECT {place}, {names} FROM ({settled}) AS e {join}", place=place, names=names, settled=settled, join=join))
        return joined(" UNION ALL ", parts)

    def unnamed(self, work: Work) -> dict[str, int]:
        """How many rows without an id each file (as DuckDB names it) has, of those that can be read."""
        if self.duplicates.settled is None:
            return {}
        query = sql("SELECT path, count(*) FROM {settled} WHERE unnamed GROUP BY path", settled=self.duplicates.settled)
        return {str(path): int(count) for path, count in work.connection.rows(query.text)}

    def unsound(self) -> list[tuple[Arrived, Sql]]:
        """For each batch that can have such rows: a SELECT of the path of each needed row whose properties cannot be read."""
        bare = replace(self.wanted, columns=(), with_properties=False)
        return [
            (batch, sql("SELECT path FROM {rows}", rows=_needed(batch, bare, Sql("coalesce(unsound, FALSE)"))))
            for batch in self.arrived
            if batch.rows.properties.may_be_unsound
        ]

    def _core(self, batch: Arrived, wanted: Wanted) -> Sql:
        if batch.table is not None:
            return batch.table
        early = batch.rows.early(wanted.names, wanted.since, wanted.as_of)
        return sql("({select})", select=batch.rows.select([CORE], Sql("TRUE"), Asked(Sql("FALSE"), Sql("FALSE"), early)))


def _place(batch: Batch | None, keys: FileKeys | None) -> tuple[Sql, Sql]:
    """What says the file of a row of `e`, and the join that it takes; `batch` None: the row may be of any."""
    if keys is None:
        return Sql("e.path"), Sql("")
    if batch is not None and not batch.parsed and batch.numbers_files:
        found = [literal(keys.keys[file.opened]) for file in batch.files]
        return sql("CAST(list_extract([{found}], CAST(e.file_number AS BIGINT) + 1) AS INTEGER) AS file_key", found=found), Sql("")
    return Sql("k.file_key"), sql("JOIN {table} AS k ON k.path = e.path", table=keys.table)


def fields(arrived: Sequence[Arrived], field: str) -> Sql:
    """A SELECT of `user_id`, `event` or `message_id` of every row, rejected ones among them."""
    parts = [
        batch.rows.field(field) if batch.table is None else sql("SELECT {field} FROM {table}", field=Sql(field), table=batch.table)
        for batch in arrived
    ]
    return joined(" UNION ALL ", parts)


def _empty(work: Work, batch: Arrived, wanted: Wanted) -> frozenset[Column]:
    """The columns that have no value in a batch, as far as that is quickly said."""
    if batch.table is not None:
        asked = {column: sql("count({name}) > 0", name=wanted.labels.of(column)) for column in wanted.columns}
    else:
        lists = {column: batch.rows.properties.may_be_list(column.path) for column in wanted.columns if column.reading is Reading.ELEMENTS}
        asked = {column: sql("bool_or({condition})", condition=condition) for column, condition in lists.items() if condition is not None}
    if not asked:
        return frozenset()
    source = batch.table or batch.rows.batch.again
    row = work.connection.rows(sql("SELECT {asked} FROM {source}", asked=asked.values(), source=source).text)[0]
    return frozenset(column for column, has in zip(asked, row, strict=True) if not has)


def _needed(batch: Arrived, wanted: Wanted, sound: Sql) -> Sql:
    """A FROM item with the needed rows of a batch that are `sound`."""
    condition = sql("reason IS NULL AND {row} AND {sound}", row=wanted.row, sound=sound)
    if batch.table is not None:
        return sql("(SELECT * FROM {table} WHERE {condition})", table=batch.table, condition=condition)
    asked = Asked(columns=wanted.with_columns, early=batch.rows.early(wanted.names, wanted.since, wanted.as_of))
    return sql("({select})", select=_select(batch.rows, wanted, condition, asked))


def _select(rows: EventRows, wanted: Wanted, where: Sql, asked: Asked) -> Sql:
    readings = [rows.column(column, wanted.labels.of(column)) for column in wanted.columns] + (
        [rows.whole()] if wanted.with_properties else []
    )
    number = [Sql("file_number")] if rows.batch.numbers_files else []
    return rows.select([CORE, Sql("unsound"), *number, *readings], where, asked)


def read_events(work: Work, batches: Sequence[EventRows], wanted: Wanted, sources: Sources) -> Events:
    """Read what has to be parsed, and settle which of several rows with one id is the event."""
    arrived = tuple(_arrive(work, rows, wanted, sources) for rows in batches)
    ids = fields(arrived, "message_id")
    hashes = (
        work.table("ids", sql("SELECT hash(message_id) AS id_hash FROM ({ids}) WHERE message_id IS NOT NULL", ids=ids)) if arrived else None
    )
    duplicates = find_duplicates(work, [(batch.rows, batch.core) for batch in arrived], ids, hashes, wanted)
    return Events(wanted, arrived, duplicates)


def knowing_forgotten(work: Work, rows: EventRows, sources: Sources, ids: Sql | None = None) -> EventRows:
    """The rows of a batch, with who was forgotten among their users; `ids`: a SELECT of these."""
    return replace(rows, forgotten=forgotten_ids(work, sources, ids or rows.field("user_id"), written=rows.identifiers is not None))


def _arrive(work: Work, rows: EventRows, wanted: Wanted, sources: Sources) -> Arrived:
    if not rows.batch.parsed:
        rows = knowing_forgotten(work, rows, sources)
        unread = Asked(checked=Sql("FALSE"), columns=Sql("FALSE"))
        return Arrived(rows, sql("({select})", select=rows.select([CORE], Sql("TRUE"), unread)), None)
    asked = Asked(checked=wanted.row, columns=wanted.with_columns, scan=rows.batch.scan)
    query = _select(rows, wanted, Sql("TRUE"), asked)
    table = work.reading("events", rows.batch, query)
    rows = knowing_forgotten(work, rows, sources, sql("SELECT user_id FROM {table}", table=table))
    if rows.forgotten:
        theirs = [literal(one) for one in rows.forgotten]
        update = sql(
            "UPDATE {table} SET reason = {reason} WHERE user_id IN ({theirs})", table=table, reason=literal(FORGOTTEN), theirs=theirs
        )
        work.connection.run(update.text)
    return Arrived(rows, table, table)
