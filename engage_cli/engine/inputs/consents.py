"""Subscription states as of an instant: of each user, channel and group the last row that says something."""

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from engage_cli.definitions.project import Sources
from engage_cli.engine.base import Reject
from engage_cli.engine.connection import Connection
from engage_cli.engine.inputs.damage import blaming
from engage_cli.engine.inputs.left_out import knowing_forgotten
from engage_cli.engine.inputs.loading import Work, loaded
from engage_cli.engine.inputs.open import open_batches
from engage_cli.engine.inputs.people import PeopleRows, consent_rows
from engage_cli.engine.inputs.rejects import people_rejects, stage_rejects
from engage_cli.engine.inputs.traits import ALWAYS
from engage_cli.engine.inputs.wanted import timestamp
from engage_cli.engine.template import Sql, joined, literal, sql, text_list
from engage_cli.plan.needs import Needs

_COLUMNS = tuple(Sql(name) for name in ("user_id", "ts", "channel", "group_name", "status"))
NO_ROWS = Sql(
    "SELECT CAST(NULL AS VARCHAR) AS user_id, CAST(NULL AS TIMESTAMP) AS ts, CAST(NULL AS VARCHAR) AS channel, "
    "CAST(NULL AS VARCHAR) AS group_name, CAST(NULL AS VARCHAR) AS status WHERE FALSE"
)


def stage_consents(work: Work, consents: Sequence[PeopleRows], needs: Needs, as_of: Sql) -> None:
    """Make the relation `consents` of the channels that a plan needs; none where it needs none."""
    if not needs.channels:
        return
    latest = latest_consents(work, consent_rows_of(consents, as_of, channels=needs.channels, users=needs.users))
    work.connection.run(
        sql(
            'CREATE OR REPLACE TEMP TABLE consents AS SELECT u.user_key, c.channel, c.group_name AS "group", c.status '
            "FROM {latest} AS c JOIN users AS u ON u.user_id = c.user_id ORDER BY c.channel, c.group_name NULLS FIRST, u.user_key",
            latest=latest,
        ).text
    )


def stage_consent_history(work: Work, consents: Sequence[PeopleRows], needs: Needs, as_of: Sql) -> None:
    """Make the relation `consent_history` of the channels that a plan needs; none where it needs none."""
    if not needs.channels:
        return
    found = work.table("consent_rows", consent_rows_of(consents, as_of, channels=needs.channels, users=needs.users))
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE consent_history AS "
            'SELECT u.user_key, c.channel, c.group_name AS "group", c.status, c.since, c.until FROM ('
            "SELECT user_id, channel, group_name, status, since, lead(since) OVER in_order AS until "
            "FROM (SELECT *, coalesce(ts, {always}) AS since, {place} AS place FROM {found}) "
            "WINDOW in_order AS (PARTITION BY user_id, channel, group_name ORDER BY place.dated, place.ts, place.row_hash)"
            ") AS c JOIN users AS u ON u.user_id = c.user_id WHERE c.until IS DISTINCT FROM c.since "
            "ORDER BY c.channel, c.group_name NULLS FIRST, u.user_key, c.since",
            always=ALWAYS,
            place=_place(found),
            found=found,
        ).text
    )


def _place(found: Sql) -> Sql:
    """A row's place among those of its user, channel and group. Few rows are tied, and only theirs are hashed."""
    tied = sql(
        "(SELECT user_id FROM {found} GROUP BY user_id, channel, group_name, ts HAVING min(status) <> max(status))",
        found=found,
    )
    return sql(
        "{{'dated': ts IS NOT NULL, 'ts': coalesce(ts, TIMESTAMP '0001-01-01'), "
        "'row_hash': CASE WHEN user_id IN {tied} THEN consent_hash(user_id, ts, channel, group_name, status) ELSE {none} END}}",
        tied=tied,
        none=literal(""),
    )


def consent_rows_of(
    consents: Sequence[PeopleRows], as_of: Sql, *, channels: Collection[str] | None = None, users: Collection[str] | None = None
) -> Sql:
    """A SELECT of user_id, ts, channel, group_name, status of the rows that count by as_of; of these channels and users alone, if given."""
    limits = [] if channels is None else [sql("list_contains({channels}, channel)", channels=text_list(sorted(channels)))]
    limits += [] if users is None else [sql("list_contains({users}, user_id)", users=text_list(sorted(users)))]
    parts = [rows.select(_COLUMNS, joined(" AND ", [rows.known(as_of), *limits])) for rows in consents]
    return joined(" UNION ALL ", [NO_ROWS, *parts])


def latest_consents(work: Work, rows: Sql) -> Sql:
    """A table of user_id, channel, group_name, status, ts: the last of the rows of each.

    Those without an instant come before all others, and of several at one instant the greatest row hash wins.
    """
    found = work.table("consent_rows", rows)
    return work.table(
        "consents",
        sql(
            "SELECT user_id, channel, group_name, arg_max(status, {place}) AS status, max(ts) AS ts FROM {found} "
            "GROUP BY user_id, channel, group_name",
            place=_place(found),
            found=found,
        ),
    )


def stage_states(connection: Connection, folder: Path, sources: Sources, zone: str, as_of: datetime) -> tuple[Reject, ...]:
    """Make the relations `consent_row` (all) and `consent_state` (what counts as of the instant); the rows that cannot be read."""
    work = Work(connection)
    connection.use_zones({zone})
    try:
        batches = [loaded(work, batch, "consents") for batch in open_batches(connection, folder, sources.consents, zone)]
        with blaming(connection, batches):
            rows = knowing_forgotten(work, [consent_rows(batch, zone) for batch in batches], sources)
            every = [one.select(_COLUMNS, Sql("reason IS NULL")) for one in rows]
            _keep(connection, "consent_row", joined(" UNION ALL ", [NO_ROWS, *every]))
            latest = latest_consents(work, consent_rows_of(rows, timestamp(as_of)))
            _keep(connection, "consent_state", sql("SELECT {columns} FROM {latest}", columns=_COLUMNS, latest=latest))
            return stage_rejects(work, people_rejects(work, rows))
    finally:
        work.drop_tables()


def _keep(connection: Connection, name: str, query: Sql) -> None:
    connection.run(sql("CREATE OR REPLACE TEMP TABLE {name} AS {query}", name=Sql(name), query=query).text)
