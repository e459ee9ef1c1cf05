"""Everybody: the universe of users, from profiles, memberships, consents and events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import BAD_TIME, BROKEN, NO_TIME, NO_USER, id_text, timestamp_instant
from engage_cli.engine.inputs.fields import is_mapped, optional, required
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.values import Value, nothing
from engage_cli.engine.template import Sql, joined, literal, sql
from engage_cli.plan.needs import Reading


@dataclass(frozen=True)
class PeopleRows:
    """A batch of profiles, memberships or consents.

    `ts` is the instant from which a row counts; without one it always counts. `dated`: each row must have it (a change log).
    """

    batch: Batch
    zones: Zones
    user: Value
    timestamp: Value | None
    dated: bool

    def select(self, columns: Sequence[Sql], where: Sql, *, scan: Sql | None = None) -> Sql:
        """A SELECT of `columns` over path, user_id, ts, reason and what is in the file."""
        core = sql(
            "SELECT *, {user} AS user_id, {ts} AS ts, {has_ts} AS has_ts FROM {scan}",
            user=id_text(self.user, self.batch, "user_id"),
            ts=timestamp_instant(self.timestamp, self.zones) if self.timestamp else nothing(Reading.INSTANT),
            has_ts=self.timestamp.read(Reading.PRESENT, self.zones) if self.timestamp else nothing(Reading.PRESENT),
            scan=scan or self.batch.again,
        )
        judged = sql("SELECT *, {reason} AS reason FROM ({core})", reason=self.reason, core=core)
        return sql("SELECT {columns} FROM ({judged}) WHERE {where}", columns=columns, judged=judged, where=where)

    @property
    def reason(self) -> Sql:
        """Why a row is rejected; NULL where it is not."""
        return sql(
            "CASE WHEN {broken} THEN {line} WHEN user_id IS NULL THEN {no_user} WHEN {dated} AND has_ts IS NULL THEN {no_time} "
            "WHEN has_ts AND ts IS NULL THEN {bad_time} END",
            broken=self.batch.broken,
            line=literal(BROKEN),
            no_user=literal(NO_USER),
            dated=Sql("TRUE" if self.dated else "FALSE"),
            no_time=literal(NO_TIME),
            bad_time=literal(BAD_TIME),
        )

    def known(self, as_of: Sql) -> Sql:
        """The row counts as of the instant."""
        return sql("reason IS NULL AND (ts IS NULL OR ts <= {as_of})", as_of=as_of)


def profile_rows(batch: Batch, zone: str) -> PeopleRows:
    """Profiles: a change log where engage.yaml maps `timestamp`, else a snapshot."""
    zones = Zones(batch.source.timezone, zone)
    dated = is_mapped(batch, "timestamp")
    timestamp = required(batch, "timestamp", zones) if dated else None
    return PeopleRows(batch, zones, required(batch, "user_id", zones), timestamp, dated)


def membership_rows(batch: Batch, zone: str) -> PeopleRows:
    """Memberships, which are undated."""
    zones = Zones(batch.source.timezone, zone)
    return PeopleRows(batch, zones, required(batch, "user_id", zones), None, False)


def consent_rows(batch: Batch, zone: str) -> PeopleRows:
    """Consents: a row with `updated_at` counts from then on."""
    zones = Zones(batch.source.timezone, zone)
    return PeopleRows(batch, zones, required(batch, "user_id", zones), optional(batch, "updated_at", zones), False)


def stage_users(work: Work, people: Iterable[PeopleRows], from_events: Sql | None, as_of: Sql) -> int:
    """Make the relations `everybody` and `users`, the same, keys in the order of the ids; how many there are."""
    parts = [rows.select([Sql("user_id")], rows.known(as_of)) for rows in people] + ([from_events] if from_events else [])
    known = joined(" UNION ALL ", parts) if parts else Sql("SELECT CAST(NULL AS VARCHAR) AS user_id WHERE FALSE")
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE everybody AS "
            "SELECT CAST(row_number() OVER (ORDER BY user_id) - 1 AS INTEGER) AS user_key, user_id "
            "FROM (SELECT DISTINCT user_id FROM ({known})) ORDER BY user_id",
            known=known,
        ).text
    )
    work.connection.run("CREATE TEMP VIEW users AS SELECT * FROM everybody")
    return int(work.connection.rows("SELECT count(*) FROM users")[0][0])
