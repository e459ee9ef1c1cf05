"""Raw Segment calls: the fields of each, whatever it does, in Segment's own spelling (`userId`) or that of its warehouses (`user_id`).

What follows from a call is in segment_events.py and segment_people.py.
"""

from collections.abc import Sequence

from duckdb import sqltype
from msgspec import Struct

from engage_cli.definitions.identity import ANONYMOUS_ID as ANONYMOUS_NAME
from engage_cli.definitions.identity import USER_ID, Identity
from engage_cli.engine.identity.events import EventIdentifiers
from engage_cli.engine.identity.ids import unblocked
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import ANONYMOUS, BAD_TIME, BROKEN, NO_EVENT, NO_TIME, NO_USER, id_text, timestamp_instant
from engage_cli.engine.inputs.instants import Zones
from engage_cli.engine.inputs.properties import properties_of
from engage_cli.engine.inputs.segment_ids import CallIdentifiers
from engage_cli.engine.inputs.values import Cell, JsonValue, TypedValue, Value, nothing
from engage_cli.engine.template import NULL, Sql, joined, literal, sql
from engage_cli.errors import DataError
from engage_cli.plan.needs import Reading
from engage_cli.source import did_you_mean, visible

EVENTS = ("track", "page", "screen")
PEOPLE = ("identify", "group", "alias")
UNKNOWN_TYPE = "the type is none of track, page, screen, identify, group, alias"
NOBODY = "no user_id and no anonymous_id"
NO_GROUP = "no group_id"
NO_PREVIOUS = "no previous_id"
BAD_TRAITS = "the traits are no JSON object"

TYPE = ("type",)
USER = ("userId", "user_id")
ANONYMOUS_ID = ("anonymousId", "anonymous_id")
PREVIOUS = ("previousId", "previous_id")
GROUP = ("groupId", "group_id")
MESSAGE = ("messageId", "message_id", "id")
EVENT = ("event_text", "event")  # a table of a warehouse has the name as it was sent under the first, its own name for it under the second
TIME = ("timestamp",)
OBJECTS = ("properties", "traits", "context")
OTHERS = ("receivedAt", "received_at", "sentAt", "sent_at", "originalTimestamp", "original_timestamp", "uuid_ts", "name", "category")
KNOWN = frozenset({*TYPE, *USER, *ANONYMOUS_ID, *PREVIOUS, *GROUP, *MESSAGE, *EVENT, *TIME, *OBJECTS, *OTHERS})
"""Every name that is a field of a call. Of tables without `properties` or `traits`, every other column is one of them."""

TEXT_TYPE = sqltype("VARCHAR")
INSTANT_TYPE = sqltype("TIMESTAMP WITH TIME ZONE")


class Calls(Struct, frozen=True):
    """The calls of a batch of files. `identity`: how users are joined, if they are."""

    batch: Batch
    zones: Zones
    identity: Identity | None = None

    def of(self, scan: Sql) -> Sql:
        """A FROM item: the rows of a scan of the batch, with the fields of the call as columns beside those of the files.

        Text: call_type, call_user, call_anonymous, call_previous, call_group, call_message, call_event, call_name, and call_traits (a
        JSON object). Instant: call_at. `call_reason` says why the call is not used, NULL where it is. Where users are joined, there are
        the columns of `identifiers`, too, and call_user is the text that a store keeps of who it was.
        """
        fields = sql(
            "SELECT *, lower({type}) AS call_type, {user} AS call_user, {anonymous} AS call_anonymous, {previous} AS call_previous, "
            "{group} AS call_group, {message} AS call_message, {event} AS call_event, {name} AS call_name, {traits} AS call_traits, "
            "{has_traits} AS call_has_traits, timezone('UTC', {at}) AS call_at, {has_at} AS call_has_at FROM {scan}",
            type=self._text(TYPE),
            user=self._id(USER),
            anonymous=self._id(ANONYMOUS_ID),
            previous=self._id(PREVIOUS),
            group=self._id(GROUP),
            message=self._id(MESSAGE),
            event=self._text(EVENT),
            name=self._text(("name",)),
            traits=self._traits(),
            has_traits=self._present("traits"),
            at=self._instant(),
            has_at=self._present(*TIME),
            scan=scan,
        )
        return sql("(SELECT *, {reason} AS call_reason FROM ({fields}))", reason=self._reason(), fields=self._identified(fields))

    @property
    def identifiers(self) -> EventIdentifiers | None:
        """The identifiers of the rows of `of`, where users are joined."""
        if self.identity is None:
            return None
        return EventIdentifiers(self.identity, {name: Sql(f"call_id_{at}") for at, name in enumerate(self.identity.names)})

    def _identified(self, fields: Sql) -> Sql:
        identifiers = self.identifiers
        if identifiers is None:
            return fields
        named = CallIdentifiers(self.batch, self.zones, self.flat("properties", "traits"))
        own = {USER_ID: Sql("call_user"), ANONYMOUS_NAME: Sql("call_anonymous")}
        values = {name: own.get(name) or named.text(name) or nothing(Reading.TEXT) for name in identifiers.values}
        return sql(
            "SELECT * REPLACE ({subject} AS call_user) FROM (SELECT *, {values} FROM ({fields}))",
            subject=identifiers.subject,
            values=[sql("{value} AS {column}", value=values[name], column=column) for name, column in identifiers.values.items()],
            fields=fields,
        )

    def value(self, name: str) -> Value | None:
        """Where a field stands in the files."""
        return self.batch.value(name, self.zones)

    def flat(self, *without: str) -> dict[str, Value]:
        """The columns that are no field of a call, by name; none of JSON, or of files that have the object which holds such values."""
        if self.batch.record is not None or any(name in self.batch.columns for name in without):
            return {}
        return {name: value for name, value in self.batch.columns.items() if name not in KNOWN}

    def _reason(self) -> Sql:
        """Why a call is not used; NULL where it is."""
        types = [literal(kind) for kind in (*EVENTS, *PEOPLE)]
        nobody = "call_user IS NULL AND call_anonymous IS NULL"
        if self.identity is not None and ANONYMOUS_NAME in self.identity.names:
            nobody = "call_user IS NULL"  # its anonymous id is blocked, if it has one
        cases = (
            (self.batch.broken, BROKEN),
            (sql("call_type IS NULL OR call_type NOT IN ({types})", types=types), UNKNOWN_TYPE),
            (Sql(nobody), NOBODY),
            (Sql("call_type = 'track' AND call_event IS NULL"), NO_EVENT),
            (Sql("call_type = 'group' AND call_group IS NULL"), NO_GROUP),
            (Sql("call_type = 'alias' AND call_previous IS NULL"), NO_PREVIOUS),
            (Sql("call_at IS NULL AND call_has_at IS NULL"), NO_TIME),
            (Sql("call_at IS NULL"), BAD_TIME),
            (Sql("call_type IN ('identify', 'group') AND call_has_traits AND call_traits IS NULL"), BAD_TRAITS),
            (Sql("call_user IS NULL"), ANONYMOUS),
            *(() if self.identity is None else ((self._alias_of_nobody(self.identity), NO_USER),)),
        )
        whens = [sql("WHEN {condition} THEN {reason}", condition=condition, reason=literal(reason)) for condition, reason in cases]
        return sql("CASE {whens} ELSE {none} END", whens=joined(" ", whens), none=NULL)

    @staticmethod
    def _alias_of_nobody(identity: Identity) -> Sql:
        return sql("call_type = 'alias' AND {user} IS NULL", user=unblocked(identity, USER_ID, Sql("call_id_0")))

    def _found(self, names: Sequence[str]) -> list[Value]:
        return [value for value in map(self.value, names) if value is not None]

    def _text(self, names: Sequence[str]) -> Sql:
        return _first([value.read(Reading.TEXT, self.zones) for value in self._found(names)])

    def _id(self, names: Sequence[str]) -> Sql:
        found = ((name, self.value(name)) for name in names)
        return _first([id_text(value, self.batch, name) for name, value in found if value is not None])

    def _instant(self) -> Sql:
        value = self.value(*TIME)
        return nothing(Reading.INSTANT) if value is None else timestamp_instant(value, self.zones)

    def _present(self, name: str) -> Sql:
        value = self.value(name)
        return nothing(Reading.PRESENT) if value is None else value.read(Reading.PRESENT, self.zones)

    def _traits(self) -> Sql:
        value = self.value("traits")
        if value is None:
            pairs = [
                sql("{name}, {value}", name=literal(name), value=one.read(Reading.VALUE, self.zones)) for name, one in self.flat().items()
            ]
            return sql("CAST(json_object({pairs}) AS VARCHAR)", pairs=pairs)
        found = properties_of(self.batch, value, (), ())
        whole = found.document if found.typed is None else found.typed.read(Reading.VALUE, self.zones)
        return sql("CAST({whole} AS VARCHAR)", whole=whole)


def calls_of(batch: Batch, zone: str, identity: Identity | None = None) -> Calls:
    """The calls of a batch. DataError for a table that does not say what its calls are."""
    if batch.record is None and not batch.has("type"):
        known = ", ".join(f"`{visible(column)}`" for column in batch.columns)
        raise DataError(
            f"{batch.source.span}: `{visible(batch.files[0].shown)}` has no column `type`; it has {known}",
            hint=did_you_mean("type", batch.columns) or "export it with a column `type`: track, page, screen, identify, group or alias",
        )
    return Calls(batch, Zones(batch.source.timezone, zone), identity)


def renamed(value: Value, name: str) -> Value:
    """A value where it stands as a column of its own."""
    match value:
        case JsonValue():
            return JsonValue(Sql(name))
        case Cell():
            return Cell(Sql(name))
        case TypedValue():
            return TypedValue(Sql(name), value.type)


def _first(values: Sequence[Sql]) -> Sql:
    return sql("coalesce({values})", values=values) if values else nothing(Reading.TEXT)
