"""Raw Segment calls as events: track by its name, page and screen as `Page Viewed` and `Screen Viewed`."""

from engage_cli.definitions.identity import Identity
from engage_cli.engine.inputs.batch import Batch
from engage_cli.engine.inputs.event_rows import EventRows, event_rows
from engage_cli.engine.inputs.properties import Properties, properties_of
from engage_cli.engine.inputs.segment_calls import EVENTS, INSTANT_TYPE, TEXT_TYPE, Calls, calls_of, renamed
from engage_cli.engine.inputs.values import TypedValue, Value
from engage_cli.engine.template import Sql, joined, literal, sql
from engage_cli.records import replace

NAMES = {"page": "Page Viewed", "screen": "Screen Viewed"}
"""What a call that has no event's name of its own is called."""
BESIDE = ("context", "category")
"""Fields of a call that can be asked as properties of the event, where it has no property of that name."""


def rows_of_events(batch: Batch, zone: str, *, every: bool = True, identity: Identity | None = None) -> EventRows:
    """The fields of a batch of events, of plain rows or of raw calls. See event_rows."""
    if batch.source.segment:
        return _rows_of_calls(calls_of(batch, zone, identity))
    return event_rows(batch, zone, every=every, identity=identity)


def _rows_of_calls(calls: Calls) -> EventRows:
    """The calls that are events, and of all calls those that are not used, with the reason."""
    beside = {name: value for name in BESIDE if (value := calls.value(name)) is not None}
    batch = calls.batch
    return EventRows(
        batch=replace(
            batch,
            scan=_events(calls, beside, batch.scan),
            again=_events(calls, beside, batch.again),
            numbered=lambda file: _events(calls, beside, batch.numbered(file)),
            columns={},
            record=None,
        ),
        zones=calls.zones,
        user=TypedValue(Sql("call_user"), TEXT_TYPE),
        event=TypedValue(Sql("event_name"), TEXT_TYPE),
        timestamp=TypedValue(Sql("call_at"), INSTANT_TYPE),
        message_id=TypedValue(Sql("call_message"), TEXT_TYPE),
        properties=_properties(calls, beside),
        reason=Sql("call_reason"),
        identifiers=calls.identifiers,
    )


def _events(calls: Calls, beside: dict[str, Value], scan: Sql) -> Sql:
    names = [sql("WHEN {kind} THEN {name}", kind=literal(kind), name=literal(name)) for kind, name in NAMES.items()]
    columns = [sql("CASE WHEN call_type = {kind} THEN call_name END AS {name}_name", kind=literal(kind), name=Sql(kind)) for kind in NAMES]
    columns += [sql("{value} AS {name}", value=value.sql, name=Sql(f"call_{name}")) for name, value in beside.items()]
    return sql(
        "(SELECT *, CASE call_type {names} ELSE call_event END AS event_name, {columns} FROM {calls} "
        "WHERE call_reason IS NOT NULL OR call_type IN ({events}))",
        names=joined(" ", names),
        columns=columns,
        calls=calls.of(scan),
        events=[literal(kind) for kind in EVENTS],
    )


def _properties(calls: Calls, beside: dict[str, Value]) -> Properties:
    """The properties of a call, then those that it has beside them."""
    found = properties_of(replace(calls.batch, record=None), calls.value("properties"), (), ())
    plain: dict[str, Value] = calls.flat("properties")
    plain |= {f"{kind}_name": TypedValue(Sql(f"{kind}_name"), TEXT_TYPE) for kind in NAMES}
    plain |= {name: renamed(value, f"call_{name}") for name, value in beside.items()}
    return replace(found, plain=plain)
