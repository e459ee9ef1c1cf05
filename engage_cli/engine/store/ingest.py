"""Reading files into a new part: each event once, typed and sorted, with the keys of users and names that the store gives."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.engine.inputs.event_rows import BAD_PROPERTIES, EventRows
from engage_cli.engine.inputs.events import Events, FileKeys, FileRows
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.rejects import event_rejects
from engage_cli.engine.inputs.wanted import name_condition
from engage_cli.engine.store.crossing import Crossing, find_crossing
from engage_cli.engine.store.layout import Layout
from engage_cli.engine.store.parts import FRESH, Part, over, stored_columns
from engage_cli.engine.template import Sql, joined, literal, sql
from engage_cli.records import replace

REJECTS = ("file_key", "row_number", "reason", "content")
KEYS = ("user_key", "event_key", "ts", "message_id", "file_key")


class FileCounts(Struct, frozen=True):
    """What became of the rows of one file. See StoredFile."""

    rows: int
    rejected: int
    unsound: int
    duplicates: int
    unnamed: int
    wins: bool
    repeats: bool
    anonymous: int
    forgotten: int
    first: datetime | None


class Ingested(Struct, frozen=True):
    """A part that was made in the database FRESH. `users` and `events` count those first met here.

    `files` are by key. `won` are the keys of files of the store that turned out to have an event whose id another file has too.
    """

    rows: int
    users: int
    events: int
    first: datetime | None
    last: datetime | None
    absent: frozenset[str]
    files: Mapping[int, FileCounts]
    won: frozenset[int]


class Reading(Struct, frozen=True):
    """What is read: the events of new files, the columns to keep, and by DuckDB's name of it each file's key and how many rows it has."""

    events: Events
    layout: Layout
    keys: Mapping[str, int]
    totals: Mapping[str, int]


class Known(Struct, frozen=True):
    """What is there: all parts, the last of them that the new one takes over, and how many users and event names have keys."""

    parts: Sequence[Part]
    absorbed: Sequence[Part]
    users: int
    events: int

    @property
    def remaining(self) -> list[Part]:
        """The parts that stay."""
        return [part for part in self.parts if part not in self.absorbed]


def ingest(work: Work, reading: Reading, known: Known, reopen: Callable[[frozenset[int]], Sequence[EventRows]]) -> Ingested:
    """Make the tables of a part in FRESH, which is attached and empty.

    `reopen` gives the rows of files of the store by their keys. Raises DisplacedError where a row of the store gives way to a new one.
    """
    _make_paths(work, reading.keys)
    events, crossing = find_crossing(work, reading.events, known.parts, reopen)
    reading = replace(reading, events=events)
    users = _make_keys(work, "users", "user_key", "user_id", events.distinct("user_id"), known, known.users)
    names = _make_keys(work, "event_names", "event_key", "event", events.distinct("event"), known, known.events, in_order=True)
    absent = _absent(work, events, known)
    _make_events(work, reading, known, crossing, absent)
    firsts = work.connection.rows(sql("SELECT file_key, count(*), min(ts) FROM {table} GROUP BY file_key", table=EVENTS).text)
    kept = {int(key): int(count) for key, count, _ in firsts}
    short = _make_rejects(work, reading, known, kept)
    if short:
        _drop_idle_users(work, known)
    counts = _file_counts(work, reading, crossing, kept, {int(key): first for key, _, first in firsts}, short)
    rows, first, last = _facts(work)
    return Ingested(rows, users, names, first, last, absent, counts, crossing.winners - counts.keys())


def _absent(work: Work, events: Events, known: Known) -> frozenset[str]:
    """The columns without any value, in the new files and in what is taken over."""
    absent = frozenset(column.name for column in events.empty_columns(work))
    return absent.intersection(*(part.absent for part in known.absorbed))


def _drop_idle_users(work: Work, known: Known) -> None:
    """Take out the users who were first met in rows that did not become events."""
    work.connection.run(
        sql(
            "DELETE FROM {users} WHERE user_key >= {known} AND user_key NOT IN (SELECT user_key FROM {events})",
            users=_fresh("users"),
            known=literal(known.users),
            events=EVENTS,
        ).text
    )


def _facts(work: Work) -> tuple[int, datetime | None, datetime | None]:
    rows, first, last = work.connection.rows(sql("SELECT count(*), min(ts), max(ts) FROM {events}", events=EVENTS).text)[0]
    return int(rows), first, last


def merge(work: Work, layout: Layout, parts: Sequence[Part]) -> Ingested:
    """Make the tables of a part in FRESH of all that counts in other parts, and of their users who have an event."""
    names = [Sql("event_key"), Sql("event")]
    work.connection.run(sql("CREATE TABLE {table} AS {rows}", table=_fresh("event_names"), rows=over(parts, names, "event_names")).text)
    absent = frozenset.intersection(*(part.absent for part in parts))
    _make_sorted(work, joined(" UNION ALL ", [_taken(part, layout, absent) for part in parts]))
    _make_ids(work, [sql("SELECT hash(message_id) AS id_hash FROM {events}", events=EVENTS)])
    users = over(parts, [Sql("user_key"), Sql("user_id")], "users")
    acting = sql("SELECT u.* FROM ({users}) AS u SEMI JOIN {events} AS e ON e.user_key = u.user_key", users=users, events=EVENTS)
    work.connection.run_large(sql("CREATE TABLE {table} AS {rows}", table=_fresh("users"), rows=acting).text)
    rejects = over(parts, [Sql(name) for name in REJECTS], "rejects")
    work.connection.run(sql("CREATE TABLE {table} AS {rows}", table=_fresh("rejects"), rows=rejects).text)
    rows, first, last = _facts(work)
    return Ingested(rows, 0, 0, first, last, absent, {}, frozenset())


def make_empty(work: Work, layout: Layout) -> None:
    """Make the tables of a part without events in FRESH."""
    values = stored_columns(Part(FRESH, absent=frozenset(column.name for column in layout.ordered)), replace(layout, whole=frozenset()))
    values += [Sql("'' AS properties")] if layout.whole else []
    tables = {
        "events": [
            Sql("CAST(0 AS INTEGER) AS user_key, CAST(0 AS INTEGER) AS event_key, TIMESTAMP '2000-01-01' AS ts, '' AS message_id"),
            Sql("CAST(0 AS INTEGER) AS file_key"),
            *values,
        ],
        "ids": [Sql("CAST(0 AS UBIGINT) AS id_hash")],
        "users": [Sql("CAST(0 AS INTEGER) AS user_key, '' AS user_id")],
        "event_names": [Sql("CAST(0 AS INTEGER) AS event_key, '' AS event")],
        "rejects": [Sql("CAST(0 AS INTEGER) AS file_key, CAST(0 AS BIGINT) AS row_number, '' AS reason, '' AS content")],
    }
    for name, columns in tables.items():
        work.connection.run(sql("CREATE TABLE {table} AS SELECT {columns} WHERE FALSE", table=_fresh(name), columns=columns).text)


def _fresh(table: str) -> Sql:
    return Part(FRESH, 0).table(table)


EVENTS = _fresh("events")
PATHS = Sql("stored_path")


def _make_paths(work: Work, keys: Mapping[str, int]) -> None:
    """Make the table `stored_path(path, file_key)`: the key of each new file."""
    rows = [sql("({path}, {key})", path=literal(path), key=literal(key)) for path, key in sorted(keys.items())]
    values = sql("VALUES {rows}", rows=rows) if rows else Sql("SELECT '', 0 WHERE FALSE")
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE {paths} AS "
            "SELECT path, CAST(file_key AS INTEGER) AS file_key FROM ({values}) AS v(path, file_key)",
            paths=PATHS,
            values=values,
        ).text
    )


def _make_keys(work: Work, table: str, key: str, name: str, found: Sql, known: Known, count: int, *, in_order: bool = False) -> int:
    """Make a table of keys in FRESH: of what is new, after those that are known, and of what is taken over; how many are new."""
    columns = [Sql(key), Sql(name)]
    unknown = Sql("")
    if known.parts:
        unknown = sql("ANTI JOIN ({known}) AS k ON k.{name} = n.{name}", known=over(known.parts, [Sql(name)], table), name=Sql(name))
    new = sql(
        "SELECT CAST({count} + row_number() OVER ({order}) - 1 AS INTEGER) AS {key}, n.{name} AS {name} FROM ({found}) AS n {unknown}",
        order=sql("ORDER BY n.{name}", name=Sql(name)) if in_order else Sql(""),
        count=literal(count),
        key=Sql(key),
        name=Sql(name),
        found=found,
        unknown=unknown,
    )
    rows = joined(" UNION ALL ", [new, *(part.select(columns, table) for part in known.absorbed)])
    work.connection.run_large(sql("CREATE TABLE {table} AS {rows}", table=_fresh(table), rows=rows).text)
    counted = sql("SELECT count(*) FROM {table} WHERE {key} >= {count}", table=_fresh(table), key=Sql(key), count=literal(count))
    return int(work.connection.rows(counted.text)[0][0])


def _make_events(work: Work, reading: Reading, known: Known, crossing: Crossing, absent: frozenset[str]) -> None:
    layout = replace(reading.layout, columns=frozenset(column for column in reading.layout.columns if column.name not in absent))
    events = replace(reading.events, wanted=replace(reading.events.wanted, columns=layout.ordered))
    dictionaries = [*known.remaining, Part(FRESH)]
    values = [sql("e.{name}", name=reading.layout.labels.of(column)) for column in layout.ordered]
    found = sql(
        "SELECT {columns} FROM ({rows}) AS e JOIN ({users}) AS u ON u.user_id = e.user_id JOIN ({names}) AS n ON n.event = e.event",
        columns=[
            Sql("u.user_key, n.event_key, e.ts, e.message_id, e.file_key"),
            *values,
            *_properties(layout),
        ],
        rows=crossing.remaining(events.select(events.wanted, FileKeys(reading.keys, PATHS))),
        users=over(dictionaries, [Sql("user_key"), Sql("user_id")], "users"),
        names=over(dictionaries, [Sql("event_key"), Sql("event")], "event_names"),
    )
    taken = [_taken(part, reading.layout, absent) for part in known.absorbed]
    _make_sorted(work, joined(" UNION ALL ", [found, *taken]))
    _make_ids(work, [*_new_ids(events), *(part.select([Sql("id_hash")], "ids") for part in known.absorbed)])


def _properties(layout: Layout) -> list[Sql]:
    """The column of whole properties, where a layout has it: nothing for events of other names than those that it is kept for."""
    kept = name_condition(layout.whole, "n.event")
    return [sql("CASE WHEN {kept} THEN e.properties END AS properties", kept=kept)] if layout.whole else []


def _new_ids(events: Events) -> list[Sql]:
    """SELECTs of the hashes of the ids of new rows: those that they came with, and those that they were given."""
    found = [sql("SELECT id_hash FROM {hashes}", hashes=events.duplicates.hashes)] if events.duplicates.hashes is not None else []
    if events.duplicates.settled is not None:
        given = sql("SELECT hash(message_id) AS id_hash FROM {settled} WHERE unnamed", settled=events.duplicates.settled)
        found.append(given)
    return found


def _make_ids(work: Work, hashes: Sequence[Sql]) -> None:
    """Make `ids`. There may be more in it than events: they are a first look, which the events confirm."""
    work.connection.run(sql("CREATE TABLE {ids} AS {hashes}", ids=_fresh("ids"), hashes=joined(" UNION ALL ", hashes)).text)


def _taken(part: Part, layout: Layout, absent: frozenset[str]) -> Sql:
    """A SELECT of the events of a part, without columns that are `absent`."""
    return part.select([*map(Sql, KEYS), *stored_columns(part, layout, without=absent)], "events")


def _make_sorted(work: Work, rows: Sql) -> None:
    """Make `events` of these rows."""
    work.connection.run_large(sql("CREATE TABLE {events} AS SELECT * FROM ({rows}) ORDER BY event_key, ts", events=EVENTS, rows=rows).text)


def _make_rejects(work: Work, reading: Reading, known: Known, kept: Mapping[int, int]) -> dict[int, FileRows]:
    """Keep the rows that cannot be read; what is known of the files from which not every row became an event."""
    short = {path for path, rows in reading.totals.items() if rows > kept.get(reading.keys[path], 0)}
    summary = [file for file in reading.events.summary(work) if file.path in short] if short else []
    columns = [Sql(name) for name in ("file_key", "row_number", "reason", "content")]
    rows = [
        sql(
            "SELECT p.file_key, r.row_number, r.reason, r.content FROM ({rows}) AS r JOIN {paths} AS p USING (path)", rows=rows, paths=PATHS
        )
        for rows in event_rejects(work, reading.events, {file.path for file in summary if file.rejected}, short)
    ]
    none = Sql("SELECT CAST(0 AS INTEGER) AS file_key, CAST(0 AS BIGINT) AS row_number, '' AS reason, '' AS content WHERE FALSE")
    every = joined(" UNION ALL ", [none, *rows, *(part.select(columns, "rejects") for part in known.absorbed)])
    work.connection.run(sql("CREATE TABLE {table} AS {rows}", table=_fresh("rejects"), rows=every).text)
    return {reading.keys[file.path]: file for file in summary}


def _file_counts(
    work: Work,
    reading: Reading,
    crossing: Crossing,
    kept: Mapping[int, int],
    firsts: Mapping[int, datetime],
    short: Mapping[int, FileRows],
) -> dict[int, FileCounts]:
    keys = reading.keys
    rejected = _by_file(work, sql("SELECT file_key, count(*) FROM {table} GROUP BY file_key", table=_fresh("rejects")))
    bad = sql("reason = {bad}", bad=literal(BAD_PROPERTIES))
    unsound = _by_file(work, sql("SELECT file_key, count(*) FROM {table} WHERE {bad} GROUP BY file_key", table=_fresh("rejects"), bad=bad))
    unnamed = {keys[path]: count for path, count in reading.events.unnamed(work).items()}
    found = {}
    for path, key in keys.items():
        anonymous = short[key].anonymous if key in short else 0
        forgotten = short[key].forgotten if key in short else 0
        rows = reading.totals.get(path, 0) - anonymous - forgotten
        without_reason = rows - (short[key].rejected if key in short else 0)
        found[key] = FileCounts(
            rows=rows,
            rejected=rejected.get(key, 0),
            unsound=unsound.get(key, 0),
            duplicates=without_reason - unsound.get(key, 0) - kept.get(key, 0),
            unnamed=unnamed.get(key, 0),
            wins=key in crossing.winners,
            repeats=key in crossing.repeating,
            anonymous=anonymous,
            forgotten=forgotten,
            first=firsts.get(key),
        )
    return found


def _by_file(work: Work, query: Sql) -> dict[int, int]:
    return {int(key): int(count) for key, count in work.connection.rows(query.text)}
