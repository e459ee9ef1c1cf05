"""Everybody: the universe of users, from profiles, memberships, consents and events."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from engage_cli.engine.identity.events import EventIdentifiers
from engage_cli.engine.identity.ids import AS_WRITTEN, JoinedIds
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import BAD_TIME, BROKEN, NO_TIME, NO_USER, id_text, timestamp_instant, unless_forgotten
from engage_cli.engine.inputs.fields import is_mapped, optional, required
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.values import Value, nothing
from engage_cli.engine.template import Sql, joined, literal, sql
from engage_cli.plan.needs import Reading

NO_ACCOUNT = "no account_id"
NO_CHANNEL = "no channel"
NO_STATUS = "no status"
BAD_STATUS = "the status is not subscribed, unsubscribed or did_not_subscribe"
STATUSES = ("subscribed", "unsubscribed", "did_not_subscribe")


class Said(Struct, frozen=True):
    """What a row of consents says, beside of whom and when: the channel, the group (None: the files have none), the status."""

    channel: Value
    group: Value | None
    status: Value


class PeopleRows(Struct, frozen=True):
    """A batch of profiles, memberships or consents; or of accounts, whose ids then stand for those of users (`id_name`).

    `ts` is the instant from which a row counts; without one it always counts. `dated`: each row must have it (a change log).
    `account` is the account of a membership. Rows of consents (`said`) have channel, group_name and status, too. With `identifiers`
    user_id is what a store keeps of who it was, until profiles are known (see ids.written_subject). `forgotten` are the users who were
    forgotten, as the rows name them.
    """

    batch: Batch
    zones: Zones
    user: Value
    timestamp: Value | None
    dated: bool
    id_name: str = "user_id"
    account: Value | None = None
    said: Said | None = None
    joined: JoinedIds = AS_WRITTEN
    identifiers: EventIdentifiers | None = None
    forgotten: tuple[str, ...] = ()

    def select(self, columns: Sequence[Sql], where: Sql, *, scan: Sql | None = None) -> Sql:
        """A SELECT of `columns` over path, user_id, account_id (of a membership), ts, reason and what is in the file."""
        core = sql(
            "SELECT *, {user} AS user_id{account}, {ts} AS ts, {has_ts} AS has_ts, {said} FROM {scan}",
            user=self._user(),
            account=self._account(),
            ts=timestamp_instant(self.timestamp, self.zones) if self.timestamp else nothing(Reading.INSTANT),
            has_ts=self.timestamp.read(Reading.PRESENT, self.zones) if self.timestamp else nothing(Reading.PRESENT),
            said=self._said(),
            scan=scan or self.batch.again,
        )
        judged = sql("SELECT *, {reason} AS reason FROM ({core})", reason=unless_forgotten(self.reason, self.forgotten), core=core)
        judged = self.joined.canonical(judged, written=self.identifiers is not None)
        return sql("SELECT {columns} FROM ({judged}) WHERE {where}", columns=columns, judged=judged, where=where)

    def _user(self) -> Sql:
        text = id_text(self.user, self.batch, self.id_name)
        return text if self.identifiers is not None else self.joined.unblocked(text)

    def _said(self) -> list[Sql]:
        texts = (None, None, None) if self.said is None else (self.said.channel, self.said.group, self.said.status)
        return [
            sql("{text} AS {name}", text=nothing(Reading.TEXT) if value is None else value.read(Reading.TEXT, self.zones), name=Sql(name))
            for value, name in zip(texts, ("channel", "group_name", "status"), strict=True)
        ]

    @property
    def reason(self) -> Sql:
        """Why a row is rejected; NULL where it is not."""
        return sql(
            "CASE WHEN {broken} THEN {line} WHEN user_id IS NULL THEN {no_user} WHEN {no_account} THEN {account} "
            "WHEN {dated} AND has_ts IS NULL THEN {no_time} WHEN has_ts AND ts IS NULL THEN {bad_time}{of_consents} END",
            broken=self.batch.broken,
            line=literal(BROKEN),
            no_user=literal(NO_USER if self.id_name == "user_id" else NO_ACCOUNT),
            no_account=Sql("account_id IS NULL" if self.account is not None else "FALSE"),
            account=literal(NO_ACCOUNT),
            dated=Sql("TRUE" if self.dated else "FALSE"),
            no_time=literal(NO_TIME),
            bad_time=literal(BAD_TIME),
            of_consents=Sql("") if self.said is None else _reason_of_consents(),
        )

    def _account(self) -> Sql:
        return sql(", {account} AS account_id", account=id_text(self.account, self.batch, "account_id")) if self.account else Sql("")

    def known(self, as_of: Sql) -> Sql:
        """The row counts as of the instant."""
        return sql("reason IS NULL AND (ts IS NULL OR ts <= {as_of})", as_of=as_of)


def _reason_of_consents() -> Sql:
    return sql(
        " WHEN channel IS NULL THEN {no_channel} WHEN status IS NULL THEN {no_status} WHEN status NOT IN ({statuses}) THEN {bad_status}",
        no_channel=literal(NO_CHANNEL),
        no_status=literal(NO_STATUS),
        statuses=[literal(status) for status in STATUSES],
        bad_status=literal(BAD_STATUS),
    )


def profile_rows(batch: Batch, zone: str) -> PeopleRows:
    """Profiles: a change log where engage.yaml maps `timestamp`, else a snapshot."""
    zones = Zones(batch.source.timezone, zone)
    dated = is_mapped(batch, "timestamp")
    timestamp = required(batch, "timestamp", zones) if dated else None
    return PeopleRows(batch, zones, required(batch, "user_id", zones), timestamp, dated)


def membership_rows(batch: Batch, zone: str) -> PeopleRows:
    """Memberships: where engage.yaml maps `timestamp`, each counts from then on."""
    zones = Zones(batch.source.timezone, zone)
    dated = is_mapped(batch, "timestamp")
    timestamp = required(batch, "timestamp", zones) if dated else None
    user, account = required(batch, "user_id", zones), required(batch, "account_id", zones)
    return PeopleRows(batch, zones, user, timestamp, dated, account=account)


def account_rows(batch: Batch, zone: str) -> PeopleRows:
    """Accounts: a change log where engage.yaml maps `timestamp`, else a snapshot."""
    zones = Zones(batch.source.timezone, zone)
    dated = is_mapped(batch, "timestamp")
    timestamp = required(batch, "timestamp", zones) if dated else None
    return PeopleRows(batch, zones, required(batch, "account_id", zones), timestamp, dated, id_name="account_id")


def consent_rows(batch: Batch, zone: str) -> PeopleRows:
    """Consents: a row with `updated_at` counts from then on."""
    zones = Zones(batch.source.timezone, zone)
    user = required(batch, "user_id", zones)
    said = Said(required(batch, "channel", zones), optional(batch, "group", zones), required(batch, "status", zones))
    return PeopleRows(batch, zones, user, optional(batch, "updated_at", zones), False, said=said)


def stage_known_since(work: Work, people: Iterable[PeopleRows], as_of: Sql) -> None:
    """Make the relation `known_since(user_key, since)`: since when there is a row about each user, whatever they did."""
    parts = [rows.select([Sql("user_id, coalesce(ts, TIMESTAMP '0001-01-01') AS since")], rows.known(as_of)) for rows in people]
    known = (
        joined(" UNION ALL ", parts)
        if parts
        else Sql("SELECT CAST(NULL AS VARCHAR) AS user_id, CAST(NULL AS TIMESTAMP) AS since WHERE FALSE")
    )
    work.connection.run(
        sql(
            "CREATE OR REPLACE TEMP TABLE known_since AS SELECT u.user_key, min(k.since) AS since "
            "FROM ({known}) AS k JOIN users AS u ON u.user_id = k.user_id GROUP BY u.user_key ORDER BY u.user_key",
            known=known,
        ).text
    )


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
