"""The parts that hold the events of a run: published segments, and what was read beside them; and what is asked over all of them."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from engage_cli.engine.inputs.values import nothing
from engage_cli.engine.store.layout import Layout
from engage_cli.engine.store.manifest import Segment
from engage_cli.engine.template import Sql, identifier, joined, literal, sql

FRESH = "fresh"
"""The database that a segment is made in, a file or memory."""


class Part(Struct, frozen=True):
    """One database with the tables of a segment:

    `events(user_key INTEGER, event_key INTEGER, ts TIMESTAMP, message_id VARCHAR, file_key INTEGER, <columns>[, properties VARCHAR])`
        sorted by (event_key, ts);
    `ids(id_hash UBIGINT)` DuckDB's hash of each message id of its events, and of some more;
    `users(user_key INTEGER, user_id VARCHAR)`, `event_names(event_key INTEGER, event VARCHAR)` those first met here;
    `rejects(file_key INTEGER, row_number BIGINT, reason VARCHAR, content VARCHAR)`.

    `last` is the instant of its last event (naive UTC), `absent` are the columns that it does not have, because no
    event here has a value. Rows of the files in `hidden` do not count.
    """

    database: str
    rows: int = 0
    last: datetime | None = None
    absent: frozenset[str] = frozenset()
    hidden: tuple[int, ...] = ()

    def table(self, name: str) -> Sql:
        """A table of this part as a FROM item."""
        return sql("{database}.main.{name}", database=identifier(self.database), name=identifier(name))

    def select(self, columns: Sequence[Sql], table: str, where: Sequence[Sql] = ()) -> Sql:
        """A SELECT from a table, without rows that do not count."""
        conditions = [*where]
        if self.hidden and table in ("events", "rejects"):
            conditions.append(sql("file_key NOT IN ({keys})", keys=[literal(key) for key in self.hidden]))
        query = sql("SELECT {columns} FROM {table}", columns=columns, table=self.table(table))
        return sql("{query} WHERE {conditions}", query=query, conditions=joined(" AND ", conditions)) if conditions else query


def part_of(database: str, segment: Segment) -> Part:
    """A published segment under the name that it is attached by."""
    return Part(database, segment.rows, segment.last, frozenset(segment.absent), segment.hidden)


def stored_columns(part: Part, layout: Layout, without: frozenset[str] = frozenset()) -> list[Sql]:
    """The columns of a layout in a part but for those of some names, under the names that they have in every part."""
    columns = [
        sql("{nothing} AS {name}", nothing=nothing(column.reading), name=layout.labels.of(column))
        if column.name in part.absent
        else sql("{name}", name=layout.labels.of(column))
        for column in layout.ordered
        if column.name not in without
    ]
    return columns + ([Sql("properties")] if layout.whole else [])


def over(parts: Iterable[Part], columns: Sequence[Sql], table: str, where: Sequence[Sql] = ()) -> Sql:
    """A SELECT over the same table of several parts."""
    return joined(" UNION ALL ", [part.select(columns, table, where) for part in parts])
