"""The profiles of a run: what its sources observed of identifiers, joined, and everybody under the id of their profile.

The store keeps events under the ids that they were written with, so that a merge rewrites nothing. A run joins them to its users:

`everybody(user_key INTEGER, user_id VARCHAR, anonymous BOOLEAN)`, `users` the same
    one row a profile to which a row of some source belongs; `user_id` is its canonical id, `anonymous` whether that is no user's.
`events`
    as without `identity`, `user_key` being the profile's.
`known_as(kind INTEGER, value VARCHAR, ts TIMESTAMP, profile INTEGER, user_key INTEGER, user_id VARCHAR)`
    every value of an identifier that was seen, with its profile; `user_key` and `user_id` are NULL where no row belongs to it.
`not_joined(ts TIMESTAMP, a INTEGER, b INTEGER, kind INTEGER)`, `known_as.key`
    what was not joined because of the limit of `kind`.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.forgotten import NOBODY, Forgotten
from engage_cli.definitions.identity import USER_ID, Identity
from engage_cli.engine.identity.events import identifier_column
from engage_cli.engine.identity.ids import JoinedIds, read_subject, subject_text
from engage_cli.engine.identity.resolve import Resolved, observation, observed, resolve
from engage_cli.engine.inputs.event_rows import id_text
from engage_cli.engine.inputs.fields import column_name
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.wanted import timestamp
from engage_cli.engine.store.opening import Opened
from engage_cli.engine.store.parts import over
from engage_cli.engine.store.relations import STORED, replace_relation
from engage_cli.engine.template import NULL, Sql, joined, literal, sql
from engage_cli.plan.needs import Needs
from engage_cli.records import replace

MERGED = Sql("merged_users")
PROFILE_RELATIONS = (STORED.text, MERGED.text, "known_as", "not_joined", "sighting")


class ProfileSources(Struct, frozen=True):
    """What profiles are made of: the rows of people, those that are profiles among them, the aliases, and the events of a run."""

    identity: Identity
    people: Sequence[PeopleRows]
    profiles: Sequence[PeopleRows]
    aliases: Sequence[PeopleRows]
    opened: Opened
    needs: Needs
    forgotten: Forgotten = NOBODY


def make_profiles(work: Work, sources: ProfileSources) -> JoinedIds:
    """Make the relations of this module; how the ids of people are read from now on. `events` is as the store has it before."""
    seen = _seen_in_events(work, sources)
    resolved = resolve(work, sources.identity, _observations(sources, seen), _aliases(sources), sources.forgotten)
    stored = _stored_profiles(work, sources, resolved)
    named = joined(" UNION ALL ", [_people(sources, rows) for rows in sources.people] or [Sql("SELECT 0 AS kind, '' AS value WHERE FALSE")])
    keys = work.table(
        "profile_keys",
        sql(
            "SELECT profile, coalesce(found, CAST({known} + row_number() OVER (PARTITION BY found IS NULL) - 1 AS INTEGER)) AS user_key "
            "FROM (SELECT profile, min(user_key) AS found FROM (SELECT profile, user_key FROM {stored} UNION ALL "
            "SELECT profile, NULL FROM {resolved} AS i SEMI JOIN ({named}) AS n ON i.value = n.value AND i.kind = n.kind) "
            "GROUP BY profile)",
            known=literal(sources.opened.manifest.users),
            stored=stored,
            resolved=resolved.identifiers,
            named=named,
        ),
    )
    _make_known(work, sources.identity, resolved, keys)
    _make_everybody(work)
    _merge_events(work, stored, keys)
    written = any(rows.identifiers is not None for rows in sources.people)
    return JoinedIds(sources.identity, _renamed(work), _subjects(work, sources.identity) if written else None)


def _people(sources: ProfileSources, rows: PeopleRows) -> Sql:
    """A SELECT of (kind, value): whom rows of people are of."""
    kind, value = (Sql("0"), Sql("user_id")) if rows.identifiers is None else read_subject(sources.identity, Sql("user_id"))
    columns = [sql("{kind} AS kind", kind=kind), sql("{value} AS value", value=value)]
    return rows.select(columns, rows.known(timestamp(sources.needs.as_of)))


# ---- what was observed -------------------------------------------------------------------------------------------------


def _observations(sources: ProfileSources, seen: Sql) -> list[Sql]:
    """A SELECT for each source of observations: see resolve.observation."""
    identity = sources.identity
    stored = sql("SELECT ts, {names} FROM {seen}", names=[observed(place) for place in range(len(identity.names))], seen=seen)
    return [stored, *(_seen_in(sources, rows) for rows in sources.people)]


def _seen_in(sources: ProfileSources, rows: PeopleRows) -> Sql:
    """What rows of people say."""
    columns = observation(sources.identity, Sql("ts"), identifiers_in(sources, rows))
    return rows.select(columns, rows.known(timestamp(sources.needs.as_of)))


def _aliases(sources: ProfileSources) -> list[Sql]:
    """SELECTs of ts, user_id, previous_id: see resolve."""
    return [rows.select(alias_columns(rows), rows.known(timestamp(sources.needs.as_of))) for rows in sources.aliases]


def alias_columns(rows: PeopleRows) -> list[Sql]:
    """The columns ts, user_id and previous_id of rows of aliases."""
    assert rows.identifiers is not None, "aliases are read where users are joined"
    return [Sql("ts"), sql("{user} AS user_id", user=rows.identifiers.value(USER_ID)), Sql("call_previous AS previous_id")]


def identifiers_in(sources: ProfileSources, rows: PeopleRows) -> dict[str, Sql]:
    """The identifiers that rows of people have, by name, over the columns of PeopleRows.select: of profiles and raw calls all, of others
    the user's id alone."""
    if rows.identifiers is not None:
        return dict(rows.identifiers.values)
    values = {USER_ID: Sql("user_id")}
    for name in sources.identity.others if any(rows is one for one in sources.profiles) else ():
        value = rows.batch.value(column_name(rows.batch, name), rows.zones)
        if value is not None:
            values[name] = id_text(value, rows.batch, name)
    return values


def _seen_in_events(work: Work, sources: ProfileSources) -> Sql:
    """A table (ts, user_key, id_0, …): the identifiers that events have together, with the first instant, by the store's own keys."""
    identity, opened = sources.identity, sources.opened
    labels = opened.layout.labels
    names = [observed(place) for place in range(1, len(identity.names))]
    parts = []
    for part in opened.parts:
        columns = [
            sql("{value} AS {name}", value=Sql("CAST(NULL AS VARCHAR)") if column.name in part.absent else labels.of(column), name=name)
            for column, name in zip(map(identifier_column, identity.others), names, strict=True)
        ]
        by = sql("ts <= {as_of}", as_of=timestamp(sources.needs.as_of))
        parts.append(part.select([Sql("user_key"), Sql("ts"), *columns], "events", [by]))
    kind, value = read_subject(identity, Sql("u.user_id"))
    return work.table(
        "seen_in_events",
        sql(
            "SELECT e.ts, e.user_key, {kind} AS kind, {value} AS value, CASE WHEN {kind} = 0 THEN {value} END AS {first}, {others} FROM ("
            "SELECT min(ts) AS ts, user_key, {names} FROM ({parts}) GROUP BY user_key, {names}) AS e "
            "JOIN ({users}) AS u ON u.user_key = e.user_key",
            kind=kind,
            value=value,
            first=observed(0),
            others=[sql("e.{name}", name=name) for name in names],
            names=names,
            parts=joined(" UNION ALL ", parts),
            users=over(opened.parts, [Sql("user_key"), Sql("user_id")], "users"),
        ),
    )


# ---- who is who --------------------------------------------------------------------------------------------------------


def _stored_profiles(work: Work, sources: ProfileSources, resolved: Resolved) -> Sql:
    """A table (user_key, profile) of everybody whom the store has an event of by as_of."""
    kind, value = read_subject(sources.identity, Sql("u.user_id"))
    acting = sql(
        "SELECT u.user_key, {kind} AS kind, {value} AS value FROM ({users}) AS u SEMI JOIN {events} AS e ON e.user_key = u.user_key",
        kind=kind,
        value=value,
        users=over(sources.opened.parts, [Sql("user_key"), Sql("user_id")], "users"),
        events=STORED,
    )
    return work.table(
        "stored_profiles",
        sql(
            "SELECT a.user_key, i.profile FROM ({acting}) AS a JOIN {resolved} AS i ON i.kind = a.kind AND i.value = a.value",
            acting=acting,
            resolved=resolved.identifiers,
        ),
    )


def _make_known(work: Work, identity: Identity, resolved: Resolved, keys: Sql) -> None:
    """Make `known_as` and `not_joined`. A profile without a user has its identifier for an id, behind its name where a user has that id."""
    names = [sql("WHEN {place} THEN {name}", place=literal(place), name=literal(f"{name}:")) for place, name in enumerate(identity.names)]
    work.connection.run_large(
        sql(
            "CREATE TEMP TABLE known_as AS SELECT i.key, i.kind, i.value, i.ts, i.profile, k.user_key, "
            "CASE WHEN c.kind > 0 AND taken.value IS NOT NULL THEN CASE c.kind {names} END || c.value ELSE c.value END AS user_id, "
            "c.kind > 0 AS anonymous FROM {resolved} AS i JOIN {resolved} AS c ON c.key = i.profile "
            "LEFT JOIN {keys} AS k ON k.profile = i.profile "
            "LEFT JOIN (SELECT value, min(kind) AS kind FROM {resolved} WHERE key = profile GROUP BY value HAVING count(*) > 1) AS taken "
            "ON taken.value = c.value AND taken.kind < c.kind",
            names=joined(" ", names),
            resolved=resolved.identifiers,
            keys=keys,
        ).text
    )
    work.connection.run(sql("CREATE TEMP TABLE not_joined AS SELECT * FROM {refused}", refused=resolved.refused).text)


def _make_everybody(work: Work) -> None:
    work.connection.run(
        "CREATE TEMP TABLE everybody AS SELECT user_key, user_id, anonymous FROM known_as WHERE key = profile AND user_key IS NOT NULL"
    )
    work.connection.run("CREATE TEMP VIEW users AS SELECT * FROM everybody")


def _merge_events(work: Work, stored: Sql, keys: Sql) -> None:
    """Make `events` a view over the store's whose keys are those of profiles."""
    work.connection.run(
        sql(
            "CREATE TEMP TABLE {merged} AS SELECT s.user_key AS stored_key, k.user_key FROM {stored} AS s JOIN {keys} AS k USING (profile) "
            "WHERE s.user_key <> k.user_key",
            merged=MERGED,
            stored=stored,
            keys=keys,
        ).text
    )
    work.connection.run(
        sql(
            "CREATE TEMP VIEW events AS SELECT e.* REPLACE (coalesce(m.user_key, e.user_key) AS user_key) FROM {events} AS e "
            "LEFT JOIN {merged} AS m ON m.stored_key = e.user_key",
            events=STORED,
            merged=MERGED,
        ).text
    )


def _renamed(work: Work) -> Sql | None:
    """The user ids that are not their profile's own; None where there are none."""
    table = work.table("renamed", Sql("SELECT value AS user_id, user_id AS canonical FROM known_as WHERE kind = 0 AND key <> profile"))
    return table if work.count(table) else None


def _subjects(work: Work, identity: Identity) -> Sql | None:
    """What a store keeps of who it was, where that is not the profile's id; None where there is nothing such."""
    text = subject_text(identity, Sql("kind"), Sql("value"))
    query = sql(
        "SELECT user_id, canonical FROM (SELECT {text} AS user_id, user_id AS canonical FROM known_as) WHERE user_id <> canonical",
        text=text,
    )
    table = work.table("subjects", query)
    return table if work.count(table) else None


def with_joined(rows: Sequence[PeopleRows], ids: JoinedIds) -> tuple[PeopleRows, ...]:
    """Rows of people whose ids are read so."""
    return tuple(replace(one, joined=ids) for one in rows)


def confine(work: Work, users: frozenset[str]) -> dict[str, str]:
    """Cut `events` and `traits` down to the profiles that some ids are known as; the id of each one's profile, itself where it has none.

    A user's id goes before other identifiers.
    """
    found = {}
    for user in sorted(users):
        rows = work.connection.rows("SELECT user_id FROM known_as WHERE value = ? AND user_key IS NOT NULL ORDER BY kind LIMIT 1", [user])
        found[user] = str(rows[0][0]) if rows else user
    wanted: list[Sql | exp.Expr] = [literal(one) for one in sorted(set(found.values()))] or [NULL]
    among = sql("user_key IN (SELECT user_key FROM users WHERE user_id IN ({wanted}))", wanted=wanted)
    for relation in ("events", "traits"):
        replace_relation(work.connection, relation, sql("SELECT * FROM {relation} WHERE {among}", relation=Sql(relation), among=among))
    return found
