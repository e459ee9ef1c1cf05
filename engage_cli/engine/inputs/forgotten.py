"""Rows of people who were forgotten: they are left out wherever they come from.

Their ids are kept as hashes alone, and to hash every row would cost more than to read it: the few ids that are theirs are found among
the distinct ones first, and rows are then compared with those.
"""

from collections.abc import Sequence

from sqlglot import exp

from engage_cli.definitions.forgotten import Forgotten
from engage_cli.definitions.identity import USER_ID, Identity
from engage_cli.definitions.project import Sources
from engage_cli.engine.identity.ids import read_subject
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.template import Sql, joined, literal, sql


def forgotten_ids(work: Work, sources: Sources, ids: Sql, *, written: bool) -> tuple[str, ...]:
    """The ids among a SELECT of user_id that are of people who were forgotten; `written`: they are texts of ids.written_subject."""
    if not any(sources.forgotten.hashes.values()):
        return ()
    kinds = {0: USER_ID}
    kind, value = Sql("0"), Sql("user_id")
    if written and sources.identity is not None:
        kind, value = read_subject(sources.identity, Sql("user_id"))
        kinds = dict(enumerate(sources.identity.names))
    are = [
        sql("(kind = {place} AND sha256(value) IN ({hashes}))", place=literal(place), hashes=[literal(one) for one in found])
        for place, name in kinds.items()
        if (found := sources.forgotten.of(name))
    ]
    if not are:
        return ()
    query = sql(
        "SELECT user_id FROM (SELECT user_id, {kind} AS kind, {value} AS value FROM (SELECT DISTINCT user_id FROM ({ids}))) "
        "WHERE {are} ORDER BY user_id",
        kind=kind,
        value=value,
        ids=ids,
        are=joined(" OR ", are),
    )
    return tuple(str(row[0]) for row in work.connection.rows(query.text))


def without_forgotten(work: Work, identity: Identity, forgotten: Forgotten, seen: Sql, columns: Sequence[Sql]) -> Sql:
    """A table of observations (ts and the columns of the identifiers) in which theirs are missing: they join nobody."""
    read: list[Sql] = []
    for name, column in zip(identity.names, columns, strict=True):
        theirs = _values_of(work, forgotten.of(name), seen, column)
        template = "CASE WHEN {column} NOT IN ({theirs}) THEN {column} END AS {column}" if theirs else "{column}"
        read.append(sql(template, column=column, theirs=theirs))
    if [one.text for one in read] == [column.text for column in columns]:
        return seen
    query = "SELECT ts, {names} FROM (SELECT ts, {read} FROM {seen}) WHERE coalesce({names}) IS NOT NULL"
    return work.table("seen", sql(query, names=columns, read=read, seen=seen))


def _values_of(work: Work, hashes: Sequence[str], seen: Sql, column: Sql) -> list[exp.Expr]:
    """The values of a column that have one of the hashes."""
    if not hashes:
        return []
    query = sql(
        "SELECT {column} FROM (SELECT DISTINCT {column} FROM {seen}) WHERE sha256({column}) IN ({hashes}) ORDER BY ALL",
        column=column,
        seen=seen,
        hashes=[literal(one) for one in hashes],
    )
    return [literal(str(value)) for (value,) in work.connection.rows(query.text)]
