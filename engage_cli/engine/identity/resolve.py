"""From observations to profiles: who was seen with which identifiers, and so which of them are one person.

A row of observations is one thing that was seen: an event, a row of profiles. Its identifiers are linked to the one among them of the
highest priority. Links are applied in the order of (instant, priority and value of that identifier, priority and value of the other).
Where no limit binds the order says nothing, and profiles are the connected components of all links.

An alias is a user's id and an earlier id of the same person, which does not say what it is an id of: a user's where it was seen as one,
else an anonymous one where it was seen as that. The two are linked, the user's id first. An earlier id that was never seen joins nobody.
"""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.definitions.forgotten import NOBODY, Forgotten
from engage_cli.definitions.identity import ANONYMOUS_ID, Identity
from engage_cli.engine.identity.components import components
from engage_cli.engine.identity.ids import unblocked
from engage_cli.engine.identity.limits import join_within_limits
from engage_cli.engine.inputs.forgotten import without_forgotten
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.template import Sql, identifier, joined, literal, sql

EARLIEST = Sql("TIMESTAMP '0001-01-01'")
"""When something was seen that has no instant, as in a snapshot of profiles."""


class Resolved(Struct, frozen=True):
    """Tables of what was found.

    `identifiers` (key INTEGER, kind INTEGER, value VARCHAR, ts TIMESTAMP, profile INTEGER): every value that was seen, `kind` the place of
    its name among the identifiers, `ts` when it was first seen, `profile` the key of the canonical one of its profile: the earliest
    `user_id`, by (ts, value), else the earliest of all, by (ts, priority, value).
    `refused` (ts TIMESTAMP, a INTEGER, b INTEGER, kind INTEGER): links of keys that were not followed because of the limit of `kind`.
    """

    identifiers: Sql
    refused: Sql


def observed(place: int) -> Sql:
    """The column of a relation of observations that has the values of the identifier at this place of their order."""
    return sql("{name}", name=identifier(f"id_{place}"))


def observation(identity: Identity, ts: Sql, values: dict[str, Sql]) -> list[Sql]:
    """The columns of a relation of observations, from what is seen together: an instant, and values by the names of identifiers."""
    columns = [
        sql("{value} AS {name}", value=values.get(name, Sql("CAST(NULL AS VARCHAR)")), name=observed(place))
        for place, name in enumerate(identity.names)
    ]
    return [sql("{ts} AS ts", ts=ts), *columns]


def resolve(
    work: Work, identity: Identity, observations: Sequence[Sql], aliases: Sequence[Sql] = (), forgotten: Forgotten = NOBODY
) -> Resolved:
    """Join what was observed. `observations` are SELECTs of ts TIMESTAMP (NULL: the earliest) and a column of text for each identifier,
    named by `observed`; `aliases` are SELECTs of ts, user_id, previous_id; rows in any order, and any number of times.
    Identifiers of people who are `forgotten` join nobody."""
    places = range(len(identity.identifiers))
    seen = without_forgotten(work, identity, forgotten, _seen(work, identity, observations), [observed(place) for place in places])
    pairs = None
    if aliases:
        seen, pairs = _with_aliases(work, identity, seen, aliases)
    found = _identifiers(work, seen, places)
    links = _links(work, seen, found, places, pairs)
    connected = components(work, links)
    binding = _binding(work, identity, found, connected)
    profiles, refused = connected, None
    if work.any(sql("SELECT 1 FROM {binding}", binding=binding)):
        profiles, refused = _within_limits(work, identity, found, links, connected, binding)
    return Resolved(_canonical(work, found, profiles), refused or _none_refused(work))


def _seen(work: Work, identity: Identity, observations: Sequence[Sql]) -> Sql:
    """Each set of identifiers that were seen together, with the first instant; blocked values left out."""
    columns = [sql("{value} AS {name}", value=unblocked(identity, name, observed(at)), name=observed(at)) for at, name in _named(identity)]
    names = [observed(at) for at, _ in _named(identity)]
    rows = joined(" UNION ALL ", observations)
    return work.table(
        "seen",
        sql(
            "SELECT min(coalesce(ts, {earliest})) AS ts, {names} FROM (SELECT ts, {columns} FROM ({rows})) "
            "WHERE coalesce({names}) IS NOT NULL GROUP BY {names}",
            earliest=EARLIEST,
            names=names,
            columns=columns,
            rows=rows,
        ),
    )


def _with_aliases(work: Work, identity: Identity, seen: Sql, aliases: Sequence[Sql]) -> tuple[Sql, Sql]:
    """`seen` with what aliases say of users and anonymous ids, and a table (ts, one, other) of the ids of users that they join."""
    unblocked_ids = unblocked(identity, identity.names[0], Sql("user_id"))
    alias = work.table(
        "alias",
        sql(
            "SELECT min(ts) AS ts, user_id, previous_id FROM (SELECT ts, {user} AS user_id, previous_id FROM ({rows})) "
            "WHERE user_id IS NOT NULL GROUP BY user_id, previous_id",
            user=unblocked_ids,
            rows=joined(" UNION ALL ", aliases),
        ),
    )
    user = observed(0)
    users = sql("SELECT {user} FROM {seen} UNION ALL SELECT user_id FROM {alias}", user=user, seen=seen, alias=alias)
    is_user = sql("previous_id IN (SELECT id FROM ({users}) AS u(id) WHERE id IS NOT NULL)", users=users)
    columns = {place: Sql("CAST(NULL AS VARCHAR)") for place, _ in _named(identity)} | {0: Sql("user_id")}
    if ANONYMOUS_ID in identity.names:
        place = identity.names.index(ANONYMOUS_ID)
        known = sql("previous_id IN (SELECT {name} FROM {seen} WHERE {name} IS NOT NULL)", name=observed(place), seen=seen)
        columns[place] = sql("CASE WHEN NOT {is_user} AND {known} THEN previous_id END", is_user=is_user, known=known)
    said = sql(
        "SELECT ts, {columns} FROM {alias}",
        columns=[sql("{value} AS {name}", value=value, name=observed(place)) for place, value in columns.items()],
        alias=alias,
    )
    pairs = sql(
        "SELECT ts, user_id AS one, previous_id AS other FROM {alias} WHERE user_id <> previous_id AND {is_user}",
        alias=alias,
        is_user=is_user,
    )
    names = [observed(place) for place, _ in _named(identity)]
    every = sql("SELECT ts, {names} FROM {seen} UNION ALL SELECT ts, {names} FROM ({said})", names=names, seen=seen, said=said)
    return work.table("seen", every), work.table("pairs", pairs)


def _named(identity: Identity) -> list[tuple[int, str]]:
    return list(enumerate(identity.names))


def _identifiers(work: Work, seen: Sql, places: range) -> Sql:
    """A table (key, kind, value, ts): keys in the order in which a profile chooses its canonical one, so that the smallest is it."""
    values = joined(
        " UNION ALL ",
        [
            sql(
                "SELECT CAST({place} AS INTEGER) AS kind, {name} AS value, min(ts) AS ts FROM {seen} "
                "WHERE {name} IS NOT NULL GROUP BY {name}",
                place=literal(place),
                name=observed(place),
                seen=seen,
            )
            for place in places
        ],
    )
    return work.table(
        "identifiers",
        sql(
            "SELECT CAST(row_number() OVER (ORDER BY kind > 0, ts, kind, value) - 1 AS INTEGER) AS key, kind, value, ts FROM ({values})",
            values=values,
        ),
    )


def _links(work: Work, seen: Sql, found: Sql, places: range, pairs: Sql | None) -> Sql:
    """A table (a, b, ts): the identifier of the highest priority of each row with each other one of it, and both of each pair of ids of
    users, once, with the first instant."""
    selects = []
    for anchor in places:
        alone = [sql("s.{name} IS NULL", name=observed(higher)) for higher in range(anchor)]
        for other in range(anchor + 1, len(places)):
            both = [sql("s.{name} IS NOT NULL", name=observed(place)) for place in (anchor, other)]
            selects.append(
                sql(
                    "SELECT x.key AS a, y.key AS b, min(s.ts) AS ts FROM {seen} AS s "
                    "JOIN {found} AS x ON x.kind = {anchor} AND x.value = s.{one} "
                    "JOIN {found} AS y ON y.kind = {other} AND y.value = s.{two} WHERE {conditions} GROUP BY x.key, y.key",
                    seen=seen,
                    found=found,
                    anchor=literal(anchor),
                    other=literal(other),
                    one=observed(anchor),
                    two=observed(other),
                    conditions=joined(" AND ", [*alone, *both]),
                )
            )
    if pairs is not None:
        selects.append(
            sql(
                "SELECT x.key AS a, y.key AS b, min(p.ts) AS ts FROM {pairs} AS p JOIN {found} AS x ON x.kind = 0 AND x.value = p.one "
                "JOIN {found} AS y ON y.kind = 0 AND y.value = p.other GROUP BY x.key, y.key",
                pairs=pairs,
                found=found,
            )
        )
    return work.table("links", joined(" UNION ALL ", selects))


def _binding(work: Work, identity: Identity, found: Sql, connected: Sql) -> Sql:
    """The components in which there are more values of an identifier than its limit."""
    limits = [sql("({place}, {limit})", place=literal(at), limit=literal(one.limit)) for at, one in enumerate(identity.identifiers)]
    return work.table(
        "binding",
        sql(
            "SELECT DISTINCT component FROM (SELECT c.component, i.kind, count(*) AS number FROM {connected} AS c "
            "JOIN {found} AS i USING (key) GROUP BY c.component, i.kind) JOIN (VALUES {limits}) AS l(kind, most) USING (kind) "
            "WHERE number > most",
            connected=connected,
            found=found,
            limits=limits,
        ),
    )


def _within_limits(work: Work, identity: Identity, found: Sql, links: Sql, connected: Sql, binding: Sql) -> tuple[Sql, Sql]:
    """`connected` with the components where a limit binds taken apart, and the links that were refused."""
    members = work.table(
        "members",
        sql(
            "SELECT row_number() OVER () - 1 AS number, key, i.kind, i.value FROM {connected} AS c "
            "SEMI JOIN {binding} AS b USING (component) JOIN {found} AS i USING (key)",
            connected=connected,
            binding=binding,
            found=found,
        ),
    )
    ordered = work.table(
        "ordered",
        sql(
            "SELECT row_number() OVER (ORDER BY l.ts, x.kind, x.value, y.kind, y.value) AS link, x.number AS one, y.number AS other, l.* "
            "FROM {links} AS l JOIN {members} AS x ON x.key = l.a JOIN {members} AS y ON y.key = l.b",
            links=links,
            members=members,
        ),
    )
    roots, refused = join_within_limits(work, members, ordered, [one.limit for one in identity.identifiers])
    profiles = work.table(
        "profiles",
        sql(
            "SELECT * FROM {connected} AS c ANTI JOIN {binding} AS b USING (component) UNION ALL "
            "SELECT m.key, CAST(top.key AS INTEGER) FROM {members} AS m JOIN {roots} AS r USING (number) "
            "JOIN {members} AS top ON top.number = r.root",
            connected=connected,
            binding=binding,
            members=members,
            roots=roots,
        ),
    )
    shown = sql(
        "SELECT o.ts, o.a, o.b, CAST(r.place AS INTEGER) AS kind FROM {refused} AS r JOIN {ordered} AS o USING (link)",
        refused=refused,
        ordered=ordered,
    )
    return profiles, work.table("refused", shown)


def _none_refused(work: Work) -> Sql:
    nothing = "SELECT {ts} AS ts, CAST(0 AS INTEGER) AS a, CAST(0 AS INTEGER) AS b, CAST(0 AS INTEGER) AS kind WHERE FALSE"
    return work.table("refused", sql(nothing, ts=EARLIEST))


def _canonical(work: Work, found: Sql, profiles: Sql) -> Sql:
    """`found` with the key of the canonical identifier of each profile."""
    return work.table(
        "resolved",
        sql(
            "SELECT i.*, coalesce(f.first, i.key) AS profile FROM {found} AS i LEFT JOIN {profiles} AS p USING (key) "
            "LEFT JOIN (SELECT component, min(key) AS first FROM {profiles} GROUP BY component) AS f ON f.component = p.component",
            found=found,
            profiles=profiles,
        ),
    )
