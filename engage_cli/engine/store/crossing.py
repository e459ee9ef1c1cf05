"""Message ids that new files share with what is in the store already.

Which row of an id is the event does not depend on the order of arrival (inputs/duplicates.py). Nearly always it is the one that is here
already: the new rows are left out. Where it is a new one, a published segment would have to change: then the store is made anew.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from engage_cli.engine.inputs.duplicates import contested
from engage_cli.engine.inputs.event_rows import EventRows
from engage_cli.engine.inputs.events import Events
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.wanted import Wanted
from engage_cli.engine.store.parts import Part, over
from engage_cli.engine.template import Sql, joined, sql
from engage_cli.records import replace

COPIES = 100
"""How often a row without an id may come again, in file after file, before the store is rather made anew."""


class DisplacedError(Exception):
    """A row of the store has to give way to a new one."""


class Crossing(Struct, frozen=True):
    """`dropped`: a table of the ids whose rows among the new are left out, None where there are none.

    `winners` are the keys of files, old and new, with an event whose id another file has too; `repeating` the new files with a row
    without an id that also occurs in another file.
    """

    dropped: Sql | None = None
    winners: frozenset[int] = frozenset()
    repeating: frozenset[int] = frozenset()

    def remaining(self, rows: Sql) -> Sql:
        """The new rows without those left out."""
        if self.dropped is None:
            return rows
        return sql("SELECT r.* FROM ({rows}) AS r ANTI JOIN {dropped} AS d ON d.message_id = r.message_id", rows=rows, dropped=self.dropped)


def find_crossing(
    work: Work, events: Events, earlier: Sequence[Part], reopen: Callable[[frozenset[int]], Sequence[EventRows]]
) -> tuple[Events, Crossing]:
    """Compare the new events with all parts. Those without an id are numbered on from their equals: the events that come back.

    `reopen` gives the rows of files of the store by their keys. Raises DisplacedError.
    """
    winners = _winners_among(work, events)
    earlier = [part for part in earlier if part.rows]
    events, repeating = _renumbered(work, events, earlier)
    met = _met(work, events, earlier)
    if met is None:
        return events, Crossing(winners=winners, repeating=repeating)
    arrived = work.table(
        "arrived",
        sql(
            "SELECT r.message_id, r.ts, r.user_id FROM ({rows}) AS r SEMI JOIN {met} USING (message_id)",
            rows=events.select(_bare(events)),
            met=met,
        ),
    )
    if work.any(sql("SELECT 1 FROM {arrived} AS a JOIN {met} AS m USING (message_id) WHERE a.ts < m.ts", arrived=arrived, met=met)):
        raise DisplacedError
    same = sql("SELECT message_id FROM {arrived} AS a JOIN {met} AS m USING (message_id) WHERE a.ts = m.ts", arrived=arrived, met=met)
    keys = frozenset(int(row[0]) for row in work.connection.rows(sql("SELECT DISTINCT file_key FROM {met}", met=met).text))
    if work.any(same) and _is_better(work, events, reopen(keys), work.table("same", same)):
        raise DisplacedError
    return events, Crossing(met, winners | keys, repeating)


def _bare(events: Events) -> Wanted:
    return replace(events.wanted, columns=(), with_properties=False)


def _met(work: Work, events: Events, earlier: Sequence[Part]) -> Sql | None:
    """A table (message_id, ts, file_key) of the events of the store whose ids new rows have, too; None where there are none."""
    if not earlier:
        return None
    rows = events.select(_bare(events))
    hits = work.table(
        "hits",
        sql(
            "SELECT DISTINCT message_id FROM ({ids}) AS i JOIN ({rows}) AS r ON i.id_hash = hash(r.message_id)",
            rows=sql("SELECT message_id FROM ({rows})", rows=rows),
            ids=over(earlier, [Sql("id_hash")], "ids"),
        ),
    )
    if not work.any(sql("SELECT 1 FROM {hits}", hits=hits)):
        return None
    columns = [Sql("message_id"), Sql("ts"), Sql("file_key")]
    met = work.table(
        "met",
        sql("SELECT e.* FROM ({events}) AS e SEMI JOIN {hits} USING (message_id)", events=over(earlier, columns, "events"), hits=hits),
    )
    return met if work.any(sql("SELECT 1 FROM {met}", met=met)) else None


_BETTER = """
SELECT 1 FROM (
    SELECT message_id,
        min(rank) FILTER (is_new) AS new,
        min(rank) FILTER (NOT is_new) AS old
    FROM (
        SELECT message_id, is_new, {{'unsound': unsound, 'ts': ts, 'hash': event_hash(user_id, event, ts, properties),
            'written': concat_ws(chr(31), user_id, event, ts, properties)}} AS rank
        FROM ({rows})
    )
    GROUP BY message_id
)
WHERE new < old
"""


def _is_better(work: Work, events: Events, old: Sequence[EventRows], same: Sql) -> bool:
    """Whether some new row goes before the one in the store that has its id and its instant. Reads the files behind both again."""
    columns = Sql("message_id, unsound, ts, user_id, event, properties")
    bare = replace(events.wanted, columns=(), with_properties=True)
    parts = [
        sql("SELECT {columns}, {new} AS is_new FROM {rows}", columns=columns, new=Sql(new), rows=contested(work, rows, same, bare))
        for new, batches in (("TRUE", [batch.rows for batch in events.arrived]), ("FALSE", old))
        for rows in batches
    ]
    return work.any(sql(_BETTER, rows=joined(" UNION ALL ", parts)))


def _winners_among(work: Work, events: Events) -> frozenset[int]:
    """The keys of new files with an event whose id another new file has too."""
    repeated, settled = events.duplicates.repeated, events.duplicates.settled
    if repeated is None or settled is None:
        return frozenset()
    cores = joined(
        " UNION ALL ", [sql("SELECT path, message_id FROM {core} WHERE reason IS NULL", core=batch.core) for batch in events.arrived]
    )
    shared = sql(
        "SELECT message_id FROM ({cores}) SEMI JOIN {repeated} USING (message_id) GROUP BY message_id HAVING count(DISTINCT path) > 1",
        cores=cores,
        repeated=repeated,
    )
    return _keys(work, sql("SELECT path FROM {settled} SEMI JOIN ({shared}) USING (message_id)", settled=settled, shared=shared))


def _keys(work: Work, paths: Sql) -> frozenset[int]:
    query = sql("SELECT DISTINCT file_key FROM ({paths}) JOIN stored_path USING (path)", paths=paths)
    return frozenset(int(row[0]) for row in work.connection.rows(query.text))


def _renumbered(work: Work, events: Events, earlier: Sequence[Part]) -> tuple[Events, frozenset[int]]:
    """The events with those that have no id numbered on from their equals in the store; and the files that have such."""
    settled = events.duplicates.settled
    if settled is None or not work.any(sql("SELECT 1 FROM {settled} WHERE unnamed", settled=settled)):
        return events, frozenset()
    groups = work.table(
        "unnamed", sql("SELECT row_hash, count(DISTINCT path) AS files FROM {settled} WHERE unnamed GROUP BY row_hash", settled=settled)
    )
    start = work.table("start", sql("SELECT row_hash, 0 AS start FROM {groups}", groups=groups))
    if earlier:
        for _ in range(COPIES):
            again = work.table(
                "again",
                sql(
                    "SELECT row_hash FROM {start} WHERE md5(row_hash || ':' || start) IN (FROM {known})",
                    start=start,
                    known=_known(work, start, earlier),
                ),
            )
            if not work.any(sql("SELECT 1 FROM {again}", again=again)):
                break
            start = work.table(
                "start",
                sql(
                    "SELECT row_hash, start + CASE WHEN row_hash IN (FROM {again}) THEN 1 ELSE 0 END AS start FROM {start}",
                    again=again,
                    start=start,
                ),
            )
        else:
            raise DisplacedError
    repeating = _keys(
        work,
        sql(
            "SELECT path FROM {settled} JOIN {groups} USING (row_hash) JOIN {start} USING (row_hash) "
            "WHERE unnamed AND (files > 1 OR start > 0)",
            settled=settled,
            groups=groups,
            start=start,
        ),
    )
    if earlier and work.any(sql("SELECT 1 FROM {start} WHERE start > 0", start=start)):
        renumbered = work.table(
            "settled",
            sql(
                "SELECT s.* REPLACE ("
                "CASE WHEN unnamed AND start > 0 THEN md5(row_hash || ':' || (copy + start)) ELSE message_id END AS message_id) "
                "FROM {settled} AS s LEFT JOIN {start} USING (row_hash)",
                settled=settled,
                start=start,
            ),
        )
        events = replace(events, duplicates=replace(events.duplicates, settled=renumbered))
    return events, repeating


def _known(work: Work, start: Sql, earlier: Sequence[Part]) -> Sql:
    """A table of the ids that rows without one would get, as far as the store has them."""
    hits = work.table(
        "hits",
        sql(
            "SELECT DISTINCT id FROM ({ids}) AS i JOIN (SELECT md5(row_hash || ':' || start) AS id FROM {start}) AS s "
            "ON i.id_hash = hash(s.id)",
            start=start,
            ids=over(earlier, [Sql("id_hash")], "ids"),
        ),
    )
    if not work.any(sql("SELECT 1 FROM {hits}", hits=hits)):
        return hits
    ids = over(earlier, [Sql("message_id AS id")], "events")
    return work.table("known", sql("SELECT id FROM ({ids}) AS e SEMI JOIN {hits} USING (id)", ids=ids, hits=hits))
