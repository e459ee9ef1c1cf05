"""Traits as of an instant, from snapshots and change logs: trait by trait the last value that was set."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from engage_cli.engine.inputs.fields import column_name
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.values import Value, nothing
from engage_cli.engine.template import Sql, identifier, joined, literal, sql, text_list
from engage_cli.plan.needs import Column, Needs, Reading, said_at

ALWAYS = Sql("TIMESTAMP '0001-01-01'")
"""Since when what has no instant is so."""
Named = Sequence[tuple[Column, str]]
"""Readings, and the names that their columns get."""


def trait(rows: PeopleRows, name: str) -> Value | None:
    """Where a trait stands in the files: every column is one that is not the user's id or the instant of a log."""
    if name in _field_columns(rows):
        return None
    return rows.batch.columns.get(name) or (rows.batch.record.at([name], rows.zones) if rows.batch.record else None)


def trait_names(rows: PeopleRows) -> list[str]:
    """The names of the traits that the files are known to have, in file order."""
    return [name for name in rows.batch.columns if name not in _field_columns(rows)]


def _field_columns(rows: PeopleRows) -> list[str]:
    if rows.batch.source.segment:
        return []  # the traits of a call stand apart from its fields
    return [column_name(rows.batch, field) for field in ((rows.id_name, "timestamp") if rows.dated else (rows.id_name,))]


class Profiles(Struct, frozen=True):
    """All profile rows by as_of. `rows` has source, user_id and ts of each; `several` the users with more than one.

    `repeated` counts the users whom one snapshot has more than once.
    """

    batches: tuple[PeopleRows, ...]
    as_of: Sql
    rows: Sql
    several: Sql
    repeated: int


def read_profiles(work: Work, batches: Sequence[PeopleRows], as_of: Sql) -> Profiles | None:
    """Look who has a profile, and who more than one row; None without any source of profiles."""
    if not batches:
        return None
    sources = [rows.batch.source for rows in batches]
    parts = [
        rows.select([sql("{source} AS source, user_id, ts", source=literal(sources.index(rows.batch.source)))], rows.known(as_of))
        for rows in batches
    ]
    found = work.table("profile_rows", joined(" UNION ALL ", parts))
    several = work.table("several", sql("SELECT user_id FROM {rows} GROUP BY user_id HAVING count(*) > 1", rows=found))
    repeated = work.connection.rows(
        sql(
            "SELECT count(DISTINCT user_id) FROM ("
            "SELECT user_id FROM {rows} WHERE ts IS NULL GROUP BY source, user_id HAVING count(*) > 1)",
            rows=found,
        ).text
    )
    return Profiles(tuple(batches), as_of, found, several, int(repeated[0][0]))


def stage_traits(work: Work, profiles: Profiles | None, columns: Iterable[Column], users: frozenset[str] | None) -> None:
    """Make the relation `traits`: one row a user with a profile."""
    labels = work.connection.labels
    ordered = sorted(columns, key=lambda column: column.name)
    current = None if profiles is None else current_profiles(work, profiles, [(column, labels.name(column)) for column in ordered], users)
    if current is None:
        empty = [sql("{nothing} AS {name}", nothing=nothing(column.reading), name=labels.of(column)) for column in ordered]
        query = sql("SELECT {columns} WHERE FALSE", columns=[Sql("CAST(NULL AS INTEGER) AS user_key"), *empty])
    else:
        names = [sql("p.{name}", name=labels.of(column)) for column in ordered]
        query = sql(
            "SELECT {columns} FROM {current} AS p JOIN users AS u ON u.user_id = p.user_id ORDER BY u.user_key",
            columns=[Sql("u.user_key"), *names],
            current=current,
        )
    work.connection.run(sql("CREATE OR REPLACE TEMP TABLE traits AS {query}", query=query).text)


def current_profiles(work: Work, profiles: Profiles, columns: Named, users: frozenset[str] | None) -> Sql:
    """A table of user_id and the named columns: the profile of each user as of the instant."""
    by_trait = _by_trait(columns)
    names = [Sql("user_id"), *(sql("{name}", name=identifier(name)) for _, name in columns)]
    limit = Sql("TRUE") if users is None else sql("list_contains({users}, user_id)", users=text_list(sorted(users)))
    alone = sql("NOT user_id IN (FROM {several})", several=profiles.several)
    once = joined(
        " UNION ALL ",
        [_readings(batch, columns, sql("{limit} AND {alone}", limit=limit, alone=alone), profiles.as_of) for batch in profiles.batches],
    )
    if not work.connection.rows(sql("SELECT count(*) FROM {several}", several=profiles.several).text)[0][0]:
        return work.table("current", once)
    rows = work.table(
        "dated", joined(" UNION ALL ", [_ordered_readings(profiles, batch, columns, list(by_trait), limit) for batch in profiles.batches])
    )
    last = [_last(at, found) for at, found in enumerate(by_trait.values())]
    unpacked = [
        sql("{last}.{name} AS {name}", last=Sql(f"t{at}"), name=name) for at, found in enumerate(by_trait.values()) for name in found
    ]
    merged = sql(
        "SELECT {unpacked} FROM (SELECT {last} FROM {rows} GROUP BY user_id)",
        unpacked=[Sql("user_id"), *unpacked],
        last=[Sql("user_id"), *last],
        rows=rows,
    )
    several = sql("SELECT {names} FROM ({merged})", names=names, merged=merged)
    return work.table("current", joined(" UNION ALL ", [once, several]))


def _by_trait(columns: Named) -> dict[str, list[Sql]]:
    """The names of the columns of each trait."""
    by_trait: dict[str, list[Sql]] = defaultdict(list)
    for column, name in columns:
        by_trait[column.path.name].append(sql("{name}", name=identifier(name)))
    return by_trait


def _readings(rows: PeopleRows, columns: Named, where: Sql, as_of: Sql, extra: Sequence[Sql] = ()) -> Sql:
    """A SELECT of user_id, the readings of a batch's traits, and `extra`."""
    readings = [sql("{value} AS {name}", value=_reading(rows, column), name=identifier(name)) for column, name in columns]
    return rows.select([Sql("user_id"), *readings, *extra], sql("{known} AND {where}", known=rows.known(as_of), where=where))


def _reading(rows: PeopleRows, column: Column) -> Sql:
    value = trait(rows, column.path.name)
    inner = value.at([part for part in column.path.parts[1:] if isinstance(part, str)], rows.zones) if value is not None else None
    return nothing(column.reading) if inner is None else inner.read(column.reading, rows.zones)


def _ordered_readings(profiles: Profiles, rows: PeopleRows, columns: Named, traits: Sequence[str], limit: Sql) -> Sql:
    """`_readings` of the users with several rows, with the place of each row among them and which traits are there."""
    tied = sql("(SELECT user_id FROM {rows} GROUP BY user_id, ts HAVING count(*) > 1)", rows=profiles.rows)
    place = sql(
        "{{'dated': ts IS NOT NULL, 'ts': coalesce(ts, TIMESTAMP '0001-01-01'), "
        "'row_hash': CASE WHEN user_id IN {tied} THEN profile_hash(user_id, ts, {whole}) ELSE '' END}} AS place",
        tied=tied,
        whole=whole_row(rows),
    )
    present = [sql("{reading} AS {name}", reading=_present(rows, name), name=Sql(f"present_{at}")) for at, name in enumerate(traits)]
    several = sql("{limit} AND user_id IN (FROM {several})", limit=limit, several=profiles.several)
    return _readings(rows, columns, several, profiles.as_of, [place, *present])


def stage_trait_history(work: Work, profiles: Profiles | None, needs: Needs, users: frozenset[str] | None) -> None:
    """Make the relation `trait_history`: a row for each stretch of time over which a user's traits stayed the same."""
    labels = work.connection.labels
    ordered = sorted(needs.traits, key=lambda column: column.name)
    said = sorted(needs.set_traits & {column.path.name for column in ordered})
    names = [sql("h.{name}", name=labels.of(column)) for column in ordered]
    names += [sql("h.{name}", name=identifier(said_at(trait))) for trait in said]
    query = sql(
        "SELECT {columns} FROM ({history}) AS h JOIN users AS u ON u.user_id = h.user_id ORDER BY u.user_key, h.since",
        columns=[Sql("u.user_key"), Sql("h.since"), Sql("h.until"), *names],
        history=profile_history(work, profiles, [(column, labels.name(column)) for column in ordered], users, said),
    )
    work.connection.run(sql("CREATE OR REPLACE TEMP TABLE trait_history AS {query}", query=query).text)


def profile_history(work: Work, profiles: Profiles | None, columns: Named, users: frozenset[str] | None, said: Sequence[str] = ()) -> Sql:
    """A SELECT of user_id, since, until and the named columns: what each profile was over each stretch of time between two of its rows.

    For each trait of `said`, one of the columns', also when it was last said.
    """
    if profiles is None:
        empty = [sql("{nothing} AS {name}", nothing=nothing(column.reading), name=identifier(name)) for column, name in columns]
        empty += [sql("CAST(NULL AS TIMESTAMP) AS {name}", name=identifier(said_at(trait))) for trait in said]
        ends = Sql("CAST(NULL AS VARCHAR) AS user_id, CAST(NULL AS TIMESTAMP) AS since, CAST(NULL AS TIMESTAMP) AS until")
        return sql("SELECT {columns} WHERE FALSE", columns=[ends, *empty])
    limit = Sql("TRUE") if users is None else sql("list_contains({users}, user_id)", users=text_list(sorted(users)))
    alone = sql("{limit} AND NOT user_id IN (FROM {several})", limit=limit, several=profiles.several)
    begun = [sql("coalesce(ts, {always}) AS since", always=ALWAYS), Sql("CAST(NULL AS TIMESTAMP) AS until")]
    names = [sql("{name}", name=identifier(name)) for name in (*(name for _, name in columns), *map(said_at, said))]
    shown = [Sql("user_id"), Sql("since"), Sql("until"), *names]
    parts = [
        sql(
            "SELECT {shown} FROM ({once})",
            shown=shown,
            once=_readings(batch, columns, alone, profiles.as_of, [*begun, *(_said(batch, trait) for trait in said)]),
        )
        for batch in profiles.batches
    ]
    if work.count(profiles.several):
        parts.append(sql("SELECT {shown} FROM ({stretches})", shown=shown, stretches=_stretches(work, profiles, columns, limit, said)))
    return joined(" UNION ALL ", parts)


def _said(rows: PeopleRows, name: str) -> Sql:
    """Since when the only row of a user has said a trait."""
    return sql(
        "CASE WHEN {present} THEN coalesce(ts, {always}) END AS {name}",
        present=_present(rows, name),
        always=ALWAYS,
        name=identifier(said_at(name)),
    )


def _present(rows: PeopleRows, name: str) -> Sql:
    value = trait(rows, name)
    return nothing(Reading.PRESENT) if value is None else value.read(Reading.PRESENT, rows.zones)


def _stretches(work: Work, profiles: Profiles, columns: Named, limit: Sql, said: Sequence[str]) -> Sql:
    """The stretches of those with several rows: at each row what is then the last value of each trait."""
    by_trait = _by_trait(columns)
    rows = work.table(
        "every_row",
        joined(" UNION ALL ", [_ordered_readings(profiles, batch, columns, list(by_trait), limit) for batch in profiles.batches]),
    )
    so_far = [
        sql(
            "last_value(CASE WHEN {present} THEN struct_pack({parts}) END IGNORE NULLS) OVER so_far AS {name}",
            present=Sql(f"present_{at}"),
            parts=[sql("{name} := {name}", name=name) for name in found],
            name=Sql(f"t{at}"),
        )
        for at, found in enumerate(by_trait.values())
    ]
    so_far += [
        sql(
            "last_value(CASE WHEN {present} THEN since END IGNORE NULLS) OVER so_far AS {name}",
            present=Sql(f"present_{list(by_trait).index(name)}"),
            name=identifier(said_at(name)),
        )
        for name in said
    ]
    unpacked = [
        sql("{last}.{name} AS {name}", last=Sql(f"t{at}"), name=name) for at, found in enumerate(by_trait.values()) for name in found
    ]
    unpacked += [sql("{name}", name=identifier(said_at(name))) for name in said]
    return sql(
        "SELECT {columns} FROM ("
        "SELECT {so_far} FROM (SELECT *, CASE WHEN place.dated THEN place.ts ELSE {always} END AS since FROM {rows}) "
        "WINDOW in_order AS (PARTITION BY user_id ORDER BY place.dated, place.ts, place.row_hash), "
        "so_far AS (PARTITION BY user_id ORDER BY place.dated, place.ts, place.row_hash ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) "
        "WHERE until IS DISTINCT FROM since",
        columns=[Sql("user_id"), Sql("since"), Sql("until"), *unpacked],
        so_far=[Sql("user_id"), Sql("since"), Sql("lead(since) OVER in_order AS until"), *so_far],
        always=ALWAYS,
        rows=rows,
    )


def _last(at: int, names: Sequence[Sql]) -> Sql:
    """The readings of one trait in the last row that has it."""
    parts = [sql("{name} := {name}", name=name) for name in names]
    return sql(
        "arg_max(struct_pack({parts}), place) FILTER (WHERE {present}) AS {name}",
        parts=parts,
        present=Sql(f"present_{at}"),
        name=Sql(f"t{at}"),
    )


def whole_row(rows: PeopleRows) -> Sql:
    """All traits of a row as a JSON object."""
    if rows.batch.record is not None:
        without = json.dumps(dict.fromkeys(_field_columns(rows)))
        return sql("json_merge_patch({record}, {without})", record=rows.batch.record.sql, without=literal(without))
    pairs = []
    for name in trait_names(rows):
        value = trait(rows, name)
        if value is not None:
            pairs.append(sql("{name}, {value}", name=literal(name), value=value.read(Reading.VALUE, rows.zones)))
    return sql("json_object({pairs})", pairs=pairs)
