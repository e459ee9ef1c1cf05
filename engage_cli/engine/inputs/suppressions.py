"""Suppressions: who must never be written to, by their ids and addresses, and people who were forgotten."""

from collections.abc import Sequence

from msgspec import Struct

from engage_cli.definitions.forgotten import ADDRESS, STATE_ID, Forgotten
from engage_cli.definitions.identity import USER_ID
from engage_cli.engine.identity.ids import AS_WRITTEN, JoinedIds
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import BROKEN, id_text
from engage_cli.engine.inputs.fields import missing_column, optional
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.loading import Work
from engage_cli.engine.inputs.values import Value, nothing
from engage_cli.engine.template import Sql, joined, literal, sql
from engage_cli.plan.needs import Reading

NOBODY_NAMED = "no user_id and no address"


class SuppressionRows(Struct, frozen=True):
    """A batch of suppressions: whose they are, by a user's id, an address, or both."""

    batch: Batch
    user: Value | None
    address: Value | None
    joined: JoinedIds = AS_WRITTEN

    def select(self, columns: Sequence[Sql], where: Sql, *, scan: Sql | None = None) -> Sql:
        """A SELECT of `columns` over path, user_id (as it is written), address, reason and what is in the file."""
        core = sql(
            "SELECT *, {user} AS user_id, {address} AS address FROM {scan}",
            user=self._text(self.user, "user_id"),
            address=self._text(self.address, "address"),
            scan=scan or self.batch.again,
        )
        reason = sql(
            "CASE WHEN {broken} THEN {line} WHEN user_id IS NULL AND coalesce(trim(address), '') = '' THEN {nobody} END",
            broken=self.batch.broken,
            line=literal(BROKEN),
            nobody=literal(NOBODY_NAMED),
        )
        judged = sql("SELECT *, {reason} AS reason FROM ({core})", reason=reason, core=core)
        return sql("SELECT {columns} FROM ({judged}) WHERE {where}", columns=columns, judged=judged, where=where)

    def _text(self, value: Value | None, field: str) -> Sql:
        return nothing(Reading.TEXT) if value is None else id_text(value, self.batch, field)


def suppression_rows(batch: Batch, zone: str) -> SuppressionRows:
    """Rows of suppressions. DataError for files that have neither of the two columns."""
    zones = Zones(batch.source.timezone, zone)
    user, address = optional(batch, "user_id", zones), optional(batch, "address", zones)
    if user is None and address is None:
        raise missing_column(batch, "user_id", batch.source.columns.get("user_id", "user_id"), "it needs `user_id`, `address`, or both")
    return SuppressionRows(batch, user, address)


def stage_suppressed(work: Work, rows: Sequence[SuppressionRows], forgotten: Forgotten) -> None:
    """Make the relation `suppressed_hash` (plan/needs.py)."""
    users = [sql("({users})", users=one.select([Sql("user_id")], Sql("reason IS NULL AND user_id IS NOT NULL"))) for one in rows]
    named = work.table("suppressed", joined(" UNION ALL ", [_NO_USERS, *users]))
    parts = [sql("SELECT 'user' AS kind, sha256(user_id) AS hash FROM {named}", named=named)]
    for table in {one.joined.table.text: one.joined.table for one in rows if one.joined.table is not None}.values():
        # Who is suppressed by one of their ids is so by all: what is under way may know them by another than they have now.
        query = sql(
            "SELECT 'user', sha256(unnest([user_id, canonical])) FROM {table} "
            "WHERE canonical IN (SELECT canonical FROM {table} WHERE user_id IN (FROM {named}) OR canonical IN (FROM {named}))",
            table=table,
            named=named,
        )
        parts.append(query)
    for one in rows:
        addresses = one.select([Sql("'address', sha256(address_form(address))")], Sql("reason IS NULL AND trim(address) <> ''"))
        parts.append(sql("({addresses})", addresses=addresses))
    for kind, found in (("user", {*forgotten.of(USER_ID), *forgotten.of(STATE_ID)}), ("address", {*forgotten.of(ADDRESS)})):
        parts += [sql("SELECT {kind}, {hash}", kind=literal(kind), hash=literal(hashed)) for hashed in sorted(found)]
    every = sql("SELECT DISTINCT kind, hash FROM ({parts}) ORDER BY ALL", parts=joined(" UNION ALL ", parts))
    work.connection.run(sql("CREATE OR REPLACE TEMP TABLE suppressed_hash AS {every}", every=every).text)


_NO_USERS = Sql("SELECT CAST(NULL AS VARCHAR) AS user_id WHERE FALSE")
