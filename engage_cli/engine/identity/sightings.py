"""Where the identifiers of some profiles were seen: for `identity show`."""

from collections.abc import Mapping, Sequence

from engage_cli.definitions.identity import ANONYMOUS_ID, USER_ID, Identity
from engage_cli.engine.identity.events import identifier_column
from engage_cli.engine.identity.ids import read_subject
from engage_cli.engine.identity.profiles import ProfileSources, identifiers_in
from engage_cli.engine.identity.resolve import EARLIEST, observed
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.wanted import timestamp
from engage_cli.engine.store.parts import over
from engage_cli.engine.template import FALSE, Sql, joined, literal, sql

SIGHTING = "sighting"


def make_sightings(work: Work, sources: ProfileSources, user_ids: Sequence[str]) -> None:
    """Make `sighting(kind INTEGER, value VARCHAR, blocked BOOLEAN, ts TIMESTAMP, path VARCHAR)` of the profiles with these ids: where each
    value was first seen, and those that are blocked and stood in a row beside one of theirs. `ts` is NULL in a snapshot."""
    identity = sources.identity
    rows = work.connection.rows("SELECT kind, value FROM known_as WHERE list_contains(CAST(? AS VARCHAR[]), user_id)", [list(user_ids)])
    own: dict[int, list[str]] = {place: [] for place in range(len(identity.names))}
    for kind, value in rows:
        own[int(kind)].append(str(value))
    theirs = _any([sql("{name} IN ({values})", name=observed(at), values=list(map(literal, found))) for at, found in own.items() if found])
    seen = work.table("seen_rows", joined(" UNION ALL ", [*_in_events(sources, theirs), *_in_people(sources, theirs)]))
    parts = [_first(identity, seen, place, found) for place, found in own.items()]
    work.connection.run(sql("CREATE TEMP TABLE sighting AS {parts}", parts=joined(" UNION ALL ", parts)).text)


def _first(identity: Identity, seen: Sql, place: int, own: Sequence[str]) -> Sql:
    """The first sighting of each value of an identifier that is the profiles' own, or blocked."""
    blocked = sorted(set(identity.blocked.get(identity.names[place], ())) - {""})
    is_own, is_blocked = (_any([sql("value IN ({v})", v=list(map(literal, found)))] if found else []) for found in (own, blocked))
    # A struct has the snapshots first, which arg_min would pass over: they have no instant.
    return sql(
        "SELECT CAST({place} AS INTEGER) AS kind, value, {blocked} AS blocked, "
        "nullif(min(place).ts, {earliest}) AS ts, min(place).path AS path "
        "FROM (SELECT {name} AS value, {{'ts': coalesce(ts, {earliest}), 'path': path}} AS place FROM {seen}) "
        "WHERE {own} OR {blocked} GROUP BY value",
        place=literal(place),
        name=observed(place),
        earliest=EARLIEST,
        seen=seen,
        own=is_own,
        blocked=is_blocked,
    )


def _any(conditions: Sequence[Sql]) -> Sql:
    return sql("({parts})", parts=joined(" OR ", conditions)) if conditions else FALSE


def _in_events(sources: ProfileSources, theirs: Sql) -> list[Sql]:
    """SELECTs of ts, path and the identifiers of their rows in files of events."""
    identity, opened = sources.identity, sources.opened
    paths = [sql("({key}, {path})", key=literal(file.key), path=literal(file.path)) for file in opened.manifest.visible]
    if not paths:
        return []
    kind, value = read_subject(identity, Sql("u.user_id"))
    by = sql("ts <= {as_of}", as_of=timestamp(sources.needs.as_of))
    columns = [observed(place) for place in range(1, len(identity.names))]
    parts = []
    for part in opened.parts:
        values = []
        for one, name in zip(map(identifier_column, identity.others), columns, strict=True):
            value_of = Sql("CAST(NULL AS VARCHAR)") if one.name in part.absent else opened.layout.labels.of(one)
            values.append(sql("{value} AS {name}", value=value_of, name=name))
        parts.append(part.select([Sql("user_key"), Sql("ts"), Sql("file_key"), *values], "events", [by]))
    return [
        sql(
            "SELECT * FROM (SELECT e.ts, f.path, CASE WHEN {kind} = 0 THEN {value} END AS {first}, {others} FROM ({parts}) AS e "
            "JOIN ({users}) AS u ON u.user_key = e.user_key JOIN (VALUES {paths}) AS f(file_key, path) ON f.file_key = e.file_key) "
            "WHERE {theirs}",
            kind=kind,
            value=value,
            first=observed(0),
            others=[sql("e.{name}", name=name) for name in columns],
            parts=joined(" UNION ALL ", parts),
            users=over(opened.parts, [Sql("user_key"), Sql("user_id")], "users"),
            paths=paths,
            theirs=theirs,
        )
    ]


def _in_people(sources: ProfileSources, theirs: Sql) -> list[Sql]:
    """SELECTs of ts, path and the identifiers of their rows in files about users."""
    found = [_in_rows(sources, rows, theirs, identifiers_in(sources, rows)) for rows in sources.people]
    for rows in sources.aliases:
        # What the earlier id is an id of is not said: the profile's own identifiers are among these.
        previous = Sql("call_previous")
        found.append(_in_rows(sources, rows, theirs, identifiers_in(sources, rows) | {ANONYMOUS_ID: previous}))
        found.append(_in_rows(sources, rows, theirs, {USER_ID: previous}))
    return found


def _in_rows(sources: ProfileSources, rows: PeopleRows, theirs: Sql, values: Mapping[str, Sql]) -> Sql:
    shown = [sql("WHEN path = {opened} THEN {shown}", opened=literal(one), shown=literal(name)) for one, name in rows.batch.shown.items()]
    columns = [
        sql("{value} AS {name}", value=values.get(name, Sql("CAST(NULL AS VARCHAR)")), name=observed(at))
        for at, name in enumerate(sources.identity.names)
    ]
    path = sql("CASE {shown} ELSE path END AS path", shown=joined(" ", shown))
    selected = rows.select([Sql("ts"), path, *columns], rows.known(timestamp(sources.needs.as_of)))
    return sql("SELECT * FROM ({selected}) WHERE {theirs}", selected=selected, theirs=theirs)
