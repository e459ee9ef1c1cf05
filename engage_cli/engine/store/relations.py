"""The relations of a run over the parts of its store: `events`, `event_names`, `users`, and what is counted in them."""

from collections.abc import Iterable, Sequence

from engage_cli.definitions.paths import Path
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.values import nothing
from engage_cli.engine.inputs.wanted import timestamp
from engage_cli.engine.store.folder import detach
from engage_cli.engine.store.opening import Opened
from engage_cli.engine.store.parts import FRESH, Part, over
from engage_cli.engine.template import NULL, Sql, identifier, joined, literal, sql
from engage_cli.plan.needs import Column, Needs, Reading

EVENT_NAMES = "event_names"
EVENTS = Sql("events")
STORED = Sql("stored_events")
"""The events under the ids that they were written with, where identifiers join users."""
STORED_EVENTS = Sql(
    "SELECT e.message_id, u.user_id, n.event, e.ts, e.properties FROM events AS e "
    "JOIN users AS u ON u.user_key = e.user_key JOIN event_names AS n ON n.event_key = e.event_key"
)
"""The events with their users and names in words and their properties, for the author's SQL."""


def detach_parts(connection: Connection) -> None:
    """Let go of every part that is attached."""
    attached = [str(row[0]) for row in connection.rows("SELECT database_name FROM duckdb_databases() WHERE NOT internal")]
    detach(connection, [name for name in attached if name == FRESH or name.startswith("events_")])


def drop_relations(connection: Connection, *names: str) -> None:
    """Take away relations, be they tables or views."""
    kinds = connection.rows(
        "SELECT table_name, table_type FROM information_schema.tables WHERE table_catalog = 'temp' AND list_contains(?, table_name)",
        [list(names)],
    )
    for name, kind in kinds:
        connection.run(sql("DROP {kind} temp.main.{name}", kind=Sql("VIEW" if kind == "VIEW" else "TABLE"), name=identifier(name)).text)


def replace_relation(connection: Connection, name: str, query: Sql) -> None:
    """Make a relation a table of what a query, which may read it, gives."""
    made = f"{name}_made"
    connection.run_large(sql("CREATE TEMP TABLE {made} AS {query}", made=identifier(made), query=query).text)
    drop_relations(connection, name)
    connection.run(sql("ALTER TABLE {made} RENAME TO {name}", made=identifier(made), name=identifier(name)).text)


def make_events(work: Work, opened: Opened, needs: Needs, name: Sql = EVENTS) -> None:
    """Make the views `events` (or under another name) and `event_names`. An event after as_of is in no view."""
    selects = [part.select(_columns(work, opened, part, needs), "events", _by(part, needs)) for part in opened.parts]
    work.connection.run(sql("CREATE TEMP VIEW {name} AS {selects}", name=name, selects=joined(" UNION ALL ", selects)).text)
    names = over(opened.parts, [Sql("event_key"), Sql("event")], EVENT_NAMES)
    work.connection.run(sql("CREATE TEMP VIEW event_names AS {names}", names=names).text)


def _columns(work: Work, opened: Opened, part: Part, needs: Needs) -> list[Sql]:
    """What a plan sees of an event of a part, under the names that it has for it."""
    stored, seen = opened.layout.labels, work.connection.labels
    wanted = sorted({column for need in needs.events for column in need.columns}, key=lambda column: column.name)
    columns = [Sql(name) for name in ("user_key", "event_key", "ts", "message_id", "file_key")]
    columns += [
        sql("{value} AS {seen}", value=nothing(column.reading) if column.name in part.absent else stored.of(column), seen=seen.of(column))
        for column in wanted
    ]
    return columns + ([Sql("properties")] if opened.layout.whole else [])


def _by(part: Part, needs: Needs) -> list[Sql]:
    """No event after as_of; nothing to say where there is none."""
    if part.last is None or part.last <= needs.as_of.replace(tzinfo=None):
        return []
    return [sql("ts <= {as_of}", as_of=timestamp(needs.as_of))]


def make_users(work: Work, opened: Opened, people: Sequence[Sql], needs: Needs) -> int:
    """Make the relations `everybody` and `users` of all with an event by as_of or in one of the SELECTs of user_id; how many there are.

    They are the same until `users` is cut down.
    """
    everybody = over(opened.parts, [Sql("user_key"), Sql("user_id")], "users")
    limited = opened.manifest.loose or any(part.hidden for part in opened.parts)
    later = [part for part in opened.parts if _by(part, needs)]
    acting = sql("SELECT * FROM ({everybody}) SEMI JOIN events USING (user_key)", everybody=everybody) if limited else everybody
    if later and not limited:
        acting = sql(
            "SELECT * FROM ({everybody}) ANTI JOIN {future} USING (user_key)", everybody=everybody, future=_future_users(work, later, needs)
        )
        limited = True
    if not people:
        kind = Sql("TABLE" if limited else "VIEW")
        work.connection.run(sql("CREATE TEMP {kind} everybody AS {acting}", kind=kind, acting=acting).text)
        return count_users(work)
    named = work.table("named", sql("SELECT DISTINCT user_id FROM ({people})", people=joined(" UNION ALL ", people)))
    keyed = sql(
        "SELECT n.user_id, k.user_key FROM {named} AS n LEFT JOIN ({everybody}) AS k ON k.user_id = n.user_id",
        named=named,
        everybody=everybody,
    )
    silent = work.table("silent", sql("SELECT * FROM ({keyed}) ANTI JOIN ({acting}) AS a USING (user_key)", keyed=keyed, acting=acting))
    work.connection.run(
        sql(
            "CREATE TEMP TABLE everybody AS SELECT user_key, user_id FROM ({acting}) "
            "UNION ALL SELECT user_key, user_id FROM {silent} WHERE user_key IS NOT NULL "
            "UNION ALL SELECT CAST({known} + row_number() OVER () - 1 AS INTEGER), user_id FROM {silent} WHERE user_key IS NULL",
            acting=acting,
            silent=silent,
            known=literal(opened.manifest.users),
        ).text
    )
    return count_users(work)


def count_users(work: Work) -> int:
    """Make `users` a view of `everybody`; how many there are."""
    work.connection.run("CREATE TEMP VIEW users AS SELECT * FROM everybody")
    return int(work.connection.rows("SELECT count(*) FROM users")[0][0])


def _future_users(work: Work, later: Sequence[Part], needs: Needs) -> Sql:
    """A table of the users all of whose events are later than as_of. Few have such an event, and only theirs are looked at."""
    found = over(later, [Sql("user_key")], "events", [sql("ts > {as_of}", as_of=timestamp(needs.as_of))])
    waiting = work.table("waiting", sql("SELECT DISTINCT user_key FROM ({found})", found=found))
    early = sql("SELECT user_key FROM events SEMI JOIN {waiting} USING (user_key)", waiting=waiting)
    return work.table("future", sql("SELECT * FROM {waiting} ANTI JOIN ({early}) AS e USING (user_key)", waiting=waiting, early=early))


def event_keys(work: Work) -> dict[str, int]:
    """The key of every event name."""
    return {str(event): int(key) for event, key in work.connection.rows("SELECT event, event_key FROM event_names ORDER BY event_key")}


def event_lists(opened: Opened, needs: Needs) -> frozenset[Path]:
    """The paths at which some event has a list."""
    columns: Iterable[Column] = (column for need in needs.events for column in need.columns if column.reading is Reading.ELEMENTS)
    return frozenset(column.path for column in columns if any(column.name not in part.absent for part in opened.parts if part.rows))


def future_events(work: Work, opened: Opened, needs: Needs) -> int:
    """How many events are later than as_of."""
    later = [part for part in opened.parts if _by(part, needs)]
    if not later:
        return 0
    query = over(later, [NULL], "events", [sql("ts > {as_of}", as_of=timestamp(needs.as_of))])
    return int(work.connection.rows(sql("SELECT count(*) FROM ({query})", query=query).text)[0][0])


def hidden_events(work: Work, opened: Opened) -> int:
    """How many events of the parts no longer count."""
    found = [part for part in opened.parts if part.hidden]
    if not found:
        return 0
    query = over(found, [NULL], "events")
    return sum(part.rows for part in found) - int(work.connection.rows(sql("SELECT count(*) FROM ({query})", query=query).text)[0][0])


def stored_rejects(opened: Opened) -> list[Sql]:
    """SELECTs of path, row_number, reason, content of the rows of events that were left out."""
    paths = [sql("({key}, {path})", key=literal(file.key), path=literal(file.path)) for file in opened.manifest.visible if file.rejected]
    if not paths:
        return []
    columns = [Sql(name) for name in ("file_key", "row_number", "reason", "content")]
    return [
        sql(
            "SELECT p.path, r.row_number, r.reason, r.content FROM ({rows}) AS r "
            "JOIN (VALUES {paths}) AS p(file_key, path) USING (file_key)",
            rows=over(opened.parts, columns, "rejects"),
            paths=paths,
        )
    ]
