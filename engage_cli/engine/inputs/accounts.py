"""Accounts: which there are, their traits, and which user belongs to which. Read and dated as users and their traits are."""

from collections.abc import Iterable, Sequence

from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.people import PeopleRows
from engage_cli.engine.inputs.traits import ALWAYS, current_profiles, profile_history, read_profiles
from engage_cli.engine.inputs.values import nothing
from engage_cli.engine.template import Sql, joined, sql
from engage_cli.plan.needs import Column


def stage_accounts(
    work: Work,
    accounts: Sequence[PeopleRows],
    memberships: Sequence[PeopleRows],
    columns: Iterable[Column],
    as_of: Sql,
    *,
    dated: bool = False,
) -> None:
    """Make the relations `accounts`, `account_traits` and `members`, and if `dated` their histories; after `users`."""
    pairs = [rows.select([Sql("user_id, account_id")], rows.known(as_of)) for rows in memberships]
    none = Sql("SELECT '' AS user_id, '' AS account_id WHERE FALSE")
    linked = work.table("linked", sql("SELECT DISTINCT * FROM ({pairs})", pairs=joined(" UNION ALL ", [none, *pairs])))
    ids = [rows.select([Sql("user_id AS account_id")], rows.known(as_of)) for rows in accounts]
    known = joined(" UNION ALL ", [sql("SELECT account_id FROM {linked}", linked=linked), *ids])
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE accounts AS "
            "SELECT CAST(-row_number() OVER (ORDER BY account_id) AS INTEGER) AS account_key, account_id "
            "FROM (SELECT DISTINCT account_id FROM ({known})) ORDER BY account_id",
            known=known,
        ).text
    )
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE members AS SELECT u.user_key, a.account_key FROM {linked} AS l "
            "JOIN users AS u ON u.user_id = l.user_id JOIN accounts AS a ON a.account_id = l.account_id ORDER BY a.account_key, u.user_key",
            linked=linked,
        ).text
    )
    _stage_traits(work, accounts, columns, as_of)
    if dated:
        _stage_membership_history(work, memberships, as_of)
        _stage_trait_history(work, accounts, columns, as_of)


def _stage_membership_history(work: Work, memberships: Sequence[PeopleRows], as_of: Sql) -> None:
    """Make the relation `membership_history`: each pair with the instant since when it is one."""
    begun = sql("coalesce(ts, {always}) AS since", always=ALWAYS)
    rows = [rows.select([Sql("user_id, account_id"), begun], rows.known(as_of)) for rows in memberships]
    none = Sql("SELECT '' AS user_id, '' AS account_id, TIMESTAMP '0001-01-01' AS since WHERE FALSE")
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE membership_history AS SELECT u.user_key, a.account_key, min(m.since) AS since "
            "FROM ({rows}) AS m JOIN users AS u ON u.user_id = m.user_id JOIN accounts AS a ON a.account_id = m.account_id "
            "GROUP BY u.user_key, a.account_key ORDER BY a.account_key, u.user_key",
            rows=joined(" UNION ALL ", [none, *rows]),
        ).text
    )


def _stage_trait_history(work: Work, accounts: Sequence[PeopleRows], columns: Iterable[Column], as_of: Sql) -> None:
    """Make the relation `account_trait_history`."""
    labels = work.connection.labels
    ordered = sorted(columns, key=lambda column: column.name)
    history = profile_history(work, read_profiles(work, accounts, as_of), [(column, labels.name(column)) for column in ordered], None)
    query = sql(
        "SELECT {columns} FROM ({history}) AS h JOIN accounts AS a ON a.account_id = h.user_id ORDER BY a.account_key, h.since",
        columns=[Sql("a.account_key"), Sql("h.since"), Sql("h.until"), *(sql("h.{name}", name=labels.of(column)) for column in ordered)],
        history=history,
    )
    work.connection.run(sql("CREATE OR REPLACE TEMP TABLE account_trait_history AS {query}", query=query).text)


def _stage_traits(work: Work, accounts: Sequence[PeopleRows], columns: Iterable[Column], as_of: Sql) -> None:
    """Make the relation `account_traits`. The id of a row of accounts is called user_id until here, as that of a profile."""
    labels = work.connection.labels
    ordered = sorted(columns, key=lambda column: column.name)
    profiles = read_profiles(work, accounts, as_of)
    if profiles is None:
        empty = [sql("{nothing} AS {name}", nothing=nothing(column.reading), name=labels.of(column)) for column in ordered]
        query = sql("SELECT {columns} WHERE FALSE", columns=[Sql("CAST(NULL AS INTEGER) AS account_key"), *empty])
    else:
        current = current_profiles(work, profiles, [(column, labels.name(column)) for column in ordered], None)
        query = sql(
            "SELECT {columns} FROM {current} AS p JOIN accounts AS a ON a.account_id = p.user_id ORDER BY a.account_key",
            columns=[Sql("a.account_key"), *(sql("p.{name}", name=labels.of(column)) for column in ordered)],
            current=current,
        )
    work.connection.run(sql("CREATE OR REPLACE TEMP TABLE account_traits AS {query}", query=query).text)
