"""Which of several events with one id is the event, and which id an event has that came without one.

Of rows with one id the earliest is the event, then the one with the smallest row hash; of equal rows that of the first path. Rows
whose properties cannot be read stand behind. A row without an id gets md5(row hash || ':' || its number among equals). Read by events.
"""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.engine.inputs.event_rows import Asked, EventRows
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.wanted import Wanted
from engage_cli.engine.template import FALSE, Sql, joined, sql


class Duplicates(Struct, frozen=True):
    """`repeated` holds the ids of more than one row (message_id, and whether they name several users).

    `settled` holds the events of such ids, as far as it matters which row they are, and those that came without an id: path, user_id,
    event, ts, message_id, unsound, the columns and `properties`, and of those without an id row_hash, `unnamed` and `copy`, the number
    among equals. None where there are none. `extra` counts the rows left out. `hashes` is a table of the hash of every id.
    """

    hashes: Sql | None
    repeated: Sql | None
    settled: Sql | None
    extra: int

    def unrepeated(self) -> Sql:
        """A join that leaves the rows of `e` with an id of their own."""
        return sql("ANTI JOIN {repeated} AS r ON r.message_id = e.message_id", repeated=self.repeated) if self.repeated else Sql("")

    def undisputed(self) -> Sql:
        """A join that leaves the rows of `e` whose user does not depend on which row of an id is the event."""
        if self.repeated is None:
            return Sql("")
        disputed = sql("(SELECT message_id FROM {repeated} WHERE users > 1)", repeated=self.repeated)
        return sql("ANTI JOIN {disputed} AS r ON r.message_id = e.message_id", disputed=disputed)


def find_duplicates(work: Work, arrived: Sequence[tuple[EventRows, Sql]], ids: Sql, hashes: Sql | None, wanted: Wanted) -> Duplicates:
    """Find ids of several rows among the core relations, and settle them.

    `ids` is a SELECT of the message_id of every row, `hashes` a table (id_hash) of the hash of each. Hashes find the few ids that may be
    so in little memory; they decide nothing.
    """
    if hashes is None:
        return Duplicates(None, None, None, 0)
    valid = (sql("SELECT user_id, event, ts, message_id FROM {core} WHERE reason IS NULL", core=core) for _, core in arrived)
    core = joined(" UNION ALL ", valid)
    repeated, extra = _repeated(work, core, hashes, wanted)
    unnamed = sql("SELECT 1 FROM ({core}) WHERE message_id IS NULL AND {wanted}", core=core, wanted=wanted.row)
    if repeated is None and not (_some_without_id(work, ids, hashes) and work.any(unnamed)):
        return Duplicates(hashes, None, None, 0)
    return Duplicates(hashes, repeated, _settled(work, [rows for rows, _ in arrived], repeated, wanted), extra)


def _some_without_id(work: Work, ids: Sql, hashes: Sql) -> bool:
    """Whether a row has no id: then there are fewer hashes than rows, which Parquet counts without reading them."""
    return work.count(sql("({ids})", ids=ids)) > work.count(hashes)


def _repeated(work: Work, core: Sql, every: Sql, wanted: Wanted) -> tuple[Sql | None, int]:
    """The ids of several rows."""
    # Sorting takes a third of the time of grouping, where nearly every hash is one of a kind, and less memory.
    query = sql(
        "SELECT h FROM (SELECT id_hash AS h, lag(id_hash) OVER (ORDER BY id_hash) AS before FROM {every}) WHERE h = before",
        every=every,
    )
    hashes = work.table("hashes", query)
    if not work.any(sql("SELECT 1 FROM {hashes}", hashes=hashes)):
        return None, 0
    repeated = work.table(
        "repeated",
        sql(
            "SELECT message_id, count(DISTINCT user_id) AS users, bool_or({wanted}) AS wanted, count(*) AS n FROM ({core}) "
            "SEMI JOIN {hashes} ON h = hash(message_id) GROUP BY message_id HAVING count(*) > 1",
            wanted=wanted.row,
            core=core,
            hashes=hashes,
        ),
    )
    extra = work.connection.rows(sql("SELECT coalesce(sum(n - 1), 0) FROM {repeated}", repeated=repeated).text)[0][0]
    return (repeated if extra else None), int(extra)


_SETTLE = """
WITH contested AS ({rows}),
-- Copies of one row need no hash to choose between them.
compared AS (
    SELECT *, min(written) OVER same = max(written) OVER same AS equal
    FROM (SELECT *, concat_ws(chr(31), user_id, event, ts, properties) AS written FROM contested)
    WINDOW same AS (PARTITION BY message_id)
),
hashed AS (
    SELECT * EXCLUDE (equal),
        CASE WHEN message_id IS NULL OR NOT equal THEN event_hash(user_id, event, ts, properties) END AS row_hash
    FROM compared
),
placed AS (
    SELECT *, row_number() OVER (
        PARTITION BY message_id, CASE WHEN message_id IS NULL THEN row_hash END
        ORDER BY unsound, ts, row_hash NULLS FIRST, written, path
    ) AS place
    FROM hashed
)
SELECT * EXCLUDE (written, place) REPLACE (coalesce(message_id, md5(row_hash || ':' || (place - 1))) AS message_id),
    message_id IS NULL AS unnamed, place - 1 AS copy
FROM placed WHERE message_id IS NULL OR place = 1
"""


def _settled(work: Work, batches: Sequence[EventRows], repeated: Sql | None, wanted: Wanted) -> Sql:
    contested = [_contested(work, rows, repeated, wanted) for rows in batches]
    rows = joined(" UNION ALL ", (sql("SELECT * FROM {table}", table=table) for table in contested))
    return work.table("settled", sql(_SETTLE, rows=rows))


def _contested(work: Work, rows: EventRows, repeated: Sql | None, wanted: Wanted) -> Sql:
    """The rows of a batch that have to be told apart, with everything that is in them."""
    of_repeated = (
        sql("message_id IN (SELECT message_id FROM {repeated} WHERE wanted OR users > 1)", repeated=repeated) if repeated else FALSE
    )
    return _whole_rows(
        work, rows, sql("({repeated} OR (message_id IS NULL AND {wanted}))", repeated=of_repeated, wanted=wanted.row), wanted
    )


def contested(work: Work, rows: EventRows, ids: Sql, wanted: Wanted) -> Sql:
    """A table of the rows of a batch with these message ids, with everything that is in them."""
    return _whole_rows(work, rows, sql("message_id IN (SELECT message_id FROM {ids})", ids=ids), wanted)


def _whole_rows(work: Work, rows: EventRows, which: Sql, wanted: Wanted) -> Sql:
    core = Sql("path, user_id, event, ts, message_id, coalesce(unsound, FALSE) AS unsound")
    columns = [core, *(rows.column(column, wanted.labels.of(column)) for column in wanted.columns), rows.whole()]
    return work.reading("contested", rows.batch, rows.select(columns, sql("reason IS NULL AND {which}", which=which), Asked()))
