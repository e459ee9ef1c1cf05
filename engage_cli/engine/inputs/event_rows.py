"""The rows of an events batch as events: who, what, when, and the properties as columns. Read by events and duplicates."""

import json
import re
from collections.abc import Sequence

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.identity import Identity
from engage_cli.engine.identity.events import EventIdentifiers, identifier_of
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.fields import MESSAGE_ID, column_name, optional, others, required
from engage_cli.engine.inputs.instants import Zones, epoch_instant, text_instant, typed_instant
from engage_cli.engine.inputs.properties import Properties, properties_of
from engage_cli.engine.inputs.values import INTEGERS, NESTED, Cell, JsonValue, TypedValue, Value, nothing
from engage_cli.engine.template import FALSE, TRUE, Sql, joined, literal, sql
from engage_cli.plan.needs import Column, Reading

FIELDS = ("user_id", "event", "timestamp", MESSAGE_ID, "properties")
BROKEN = "the line is no JSON object"
NO_USER = "no user_id"
NO_EVENT = "no event name"
NO_TIME = "no timestamp"
BAD_TIME = "the timestamp cannot be read"
BAD_PROPERTIES = "the properties are no JSON object"
ANONYMOUS = "only an anonymous_id"
"""The reason of calls that are counted apart: they can be read, and belong to nobody who is known."""
FORGOTTEN = "of somebody who was forgotten"
"""The reason of rows that are counted apart, too: nothing of them is kept, nor shown."""
NOT_REJECTED = (ANONYMOUS, FORGOTTEN)


class Asked(Struct, frozen=True):
    """What of the rows is looked at: conditions over user_id, event and ts.

    `checked`: whether the properties are an object; `columns`: the properties are read; elsewhere they are NULL. `early` is a condition
    over the raw columns that a Parquet scan can use to skip. `scan` is what to read, the batch's `again` if None.
    """

    checked: Sql = TRUE
    columns: Sql = TRUE
    early: Sql = TRUE
    scan: Sql | None = None


class EventRows(Struct, frozen=True):
    """A batch of events with its fields found. `reason` says why a row is not used, where that is not `reason_of`. `forgotten` are the
    users (as in `user_text`) who were forgotten."""

    batch: Batch
    zones: Zones
    user: Value | None
    event: Value
    timestamp: Value
    message_id: Value | None
    properties: Properties
    reason: Sql | None = None
    identifiers: EventIdentifiers | None = None
    forgotten: tuple[str, ...] = ()

    def select(self, columns: Sequence[Sql], where: Sql, asked: Asked) -> Sql:
        """A SELECT of `columns` over path, user_id, event, ts, message_id, reason, unsound and what `column` and `whole` make."""
        core = sql(
            "SELECT *, {user} AS user_id, {event} AS event, {ts} AS ts, {has_ts} AS has_ts, {message_id} AS message_id "
            "FROM {scan} WHERE {early}",
            user=self.user_text,
            event=self.event.read(Reading.TEXT, self.zones),
            ts=timestamp_instant(self.timestamp, self.zones),
            has_ts=self.timestamp.read(Reading.PRESENT, self.zones),
            message_id=id_text(self.message_id, self.batch, MESSAGE_ID) if self.message_id else nothing(Reading.TEXT),
            scan=asked.scan or self.batch.again,
            early=asked.early,
        )
        judged = sql(
            "SELECT *, {reason} AS reason, CASE WHEN {checked} THEN {document} END AS document FROM ({core})",
            reason=unless_forgotten(self.reason or reason_of(self.batch.broken), self.forgotten),
            checked=asked.checked,
            document=self.properties.document,
            core=core,
        )
        read = sql(
            "SELECT * REPLACE ({raw}), CASE WHEN {checked} THEN {unsound} END AS unsound FROM ({judged})",
            raw=[
                sql("CASE WHEN {asked} THEN {raw} END AS {raw}", asked=asked.columns, raw=raw)
                for raw in self.properties.parsed(cells=self.batch.parsed)
            ],
            checked=asked.checked,
            unsound=self.properties.unsound,
            judged=judged,
        )
        return sql("SELECT {columns} FROM ({read}) WHERE {where}", columns=columns, read=read, where=where)

    def field(self, name: str) -> Sql:
        """A SELECT of `user_id`, `event` or `message_id` of every row, rejected ones too: for scans of that field alone."""
        fields = {
            "user_id": self.user_text,
            "event": self.event.read(Reading.TEXT, self.zones),
            "message_id": id_text(self.message_id, self.batch, MESSAGE_ID) if self.message_id else nothing(Reading.TEXT),
        }
        return sql("SELECT {value} AS {name} FROM {scan}", value=fields[name], name=Sql(name), scan=self.batch.again)

    @property
    def user_text(self) -> Sql:
        """Who did it, over the raw columns."""
        if self.identifiers is not None:
            return self.identifiers.subject
        return id_text(self.user, self.batch, "user_id") if self.user is not None else nothing(Reading.TEXT)

    def column(self, column: Column, name: exp.Expr) -> Sql:
        """A column of `select`: one reading of a property, or an identifier."""
        if self.identifiers is not None and (identifier := identifier_of(column)) is not None:
            return sql("{value} AS {name}", value=self.identifiers.value(identifier), name=name)
        value = self.properties.read(column.path, column.reading, self.zones)
        return sql("{value} AS {name}", value=value, name=name)

    def whole(self) -> Sql:
        """A column of `select`: all the properties as the text of a JSON object, without missing ones."""
        return sql("{whole} AS properties", whole=self.properties.whole(self.zones))

    def early(self, names: Sequence[str] | None, since: Sql | None, until: Sql | None) -> Sql:
        """A condition over the raw columns that holds for every event of these names and this stretch, for scans that can skip by it."""
        if names is not None and not names:
            return FALSE
        conditions = []
        if names is not None and isinstance(self.event, Cell):
            conditions.append(sql("{event} IN ({names})", event=self.event.sql, names=[literal(name) for name in names]))
        conditions += self._early_time(since, until)
        return joined(" AND ", conditions) if conditions else TRUE

    def _early_time(self, since: Sql | None, until: Sql | None) -> list[Sql]:
        if not isinstance(self.timestamp, TypedValue) or self.timestamp.type.id not in ("timestamp", "timestamp with time zone"):
            return []
        zoned = self.timestamp.type.id == "timestamp with time zone"
        # A naive column may be off by its zone: a day on both sides takes in every zone there is.
        spare = "INTERVAL 0 DAY" if zoned or self.zones.source == "UTC" else "INTERVAL 1 DAY"
        template = "timezone('UTC', {bound} {sign} {spare})" if zoned else "{bound} {sign} {spare}"
        bounds = [(">=", since, "-"), ("<=", until, "+")]
        return [
            sql(
                "{value} {operator} " + template,
                value=self.timestamp.sql,
                operator=Sql(operator),
                bound=bound,
                sign=Sql(sign),
                spare=Sql(spare),
            )
            for operator, bound, sign in bounds
            if bound is not None
        ]


def event_rows(batch: Batch, zone: str, *, every: bool = True, identity: Identity | None = None) -> EventRows:
    """The fields of a batch of events. DataError for a required one that is not there; `every`: the batch has all files of its kind."""
    zones = Zones(batch.source.timezone, zone)
    identifiers = None if identity is None else _identifiers(batch, zones, identity)
    return EventRows(
        batch=batch,
        zones=zones,
        user=_user(batch, zones, identifiers, every=every),
        event=required(batch, "event", zones, every=every),
        timestamp=required(batch, "timestamp", zones, every=every),
        message_id=optional(batch, MESSAGE_ID, zones),
        properties=properties_of(batch, optional(batch, "properties", zones), others(batch, FIELDS), FIELDS),
        identifiers=identifiers,
    )


def _user(batch: Batch, zones: Zones, identifiers: EventIdentifiers | None, *, every: bool) -> Value | None:
    """The user's id, which every file must have where no other identifier can stand for it."""
    if identifiers is not None and identifiers.values:
        return optional(batch, "user_id", zones)
    return required(batch, "user_id", zones, every=every)


def _identifiers(batch: Batch, zones: Zones, identity: Identity) -> EventIdentifiers:
    found = {name: optional(batch, name, zones) for name in identity.names}
    return EventIdentifiers(identity, {name: id_text(value, batch, name) for name, value in found.items() if value is not None})


def reason_of(broken: Sql) -> Sql:
    """Why a row of events is rejected; NULL where it is not."""
    return sql(
        "CASE WHEN {broken} THEN {line} WHEN user_id IS NULL THEN {user} WHEN event IS NULL THEN {event} "
        "WHEN ts IS NULL AND has_ts IS NULL THEN {no_time} WHEN ts IS NULL THEN {bad_time} END",
        broken=broken,
        line=literal(BROKEN),
        user=literal(NO_USER),
        event=literal(NO_EVENT),
        no_time=literal(NO_TIME),
        bad_time=literal(BAD_TIME),
    )


def unless_forgotten(reason: Sql, ids: Sequence[str]) -> Sql:
    """The reason why a row is not used, where its `user_id` may be of somebody who was forgotten."""
    if not ids:
        return reason
    found = [literal(one) for one in ids]
    return sql("CASE WHEN user_id IN ({ids}) THEN {forgotten} ELSE {reason} END", ids=found, forgotten=literal(FORGOTTEN), reason=reason)


def id_text(value: Value, batch: Batch, field: str) -> Sql:
    """An id exactly as it is written; NULL where it is missing."""
    if isinstance(value, Cell):
        return sql("nullif({cell}, '')", cell=value.sql)
    if not isinstance(value, JsonValue):
        return value.read(Reading.TEXT, Zones("UTC", "UTC"))
    key = json.dumps(value.names[-1] if value.names else column_name(batch, field), ensure_ascii=False)
    token = sql(
        "regexp_extract({line}, {pattern}, 1)", line=value.document, pattern=literal(re.escape(key) + r"\s*:\s*(-?[0-9][0-9.eE+-]*)")
    )
    return sql("id_of_json({json}, {token})", json=value.sql, token=token)


def timestamp_instant(value: Value, zones: Zones) -> Sql:
    """The instant of a mapped timestamp, where a number is an epoch time."""
    if isinstance(value, TypedValue):
        instant = typed_instant(value.sql, value.type.id, zones)
        if instant is not None:
            return instant
        if value.type.id in INTEGERS:
            return sql("instant_of_whole_epoch({value})", value=value.sql)
        if value.type.id in NESTED:
            return nothing(Reading.INSTANT)
    text = value.sql if isinstance(value, Cell) else value.read(Reading.TEXT, zones)
    return sql("coalesce({instant}, {epoch})", instant=text_instant(text, zones), epoch=epoch_instant(text))
