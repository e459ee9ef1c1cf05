"""The events that a journey waits for, `on` by `on`: which there are, what they are tied by, and which of them are new.

`w_happened(occurrence, user_key, ts, message_id, event, properties, matched, is_new)`
    every event that some `on` of the walk's exits, goal and holds means. `matched` are the texts of the property that ties it to an
    instance's key. `is_new`: it came in since the journey's last tick, and not too late.
`w_late(message_id)`
    the events up to the last tick's instant that came in since, as far as the late window reaches.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.journey import ExitOn, Journey
from engage_cli.definitions.journey_steps import Hold, Occurrence
from engage_cli.definitions.paths import Path
from engage_cli.engine.base import Engine
from engage_cli.plan.checks import OfContext, Row
from engage_cli.plan.finding import found_in
from engage_cli.plan.needs import Catalog, Column, Reading
from engage_cli.plan.relative import OWN, Shifted, Turned
from engage_cli.plan.resolve import Context, row_of
from engage_cli.sql.events import event_condition
from engage_cli.sql.functions import e_each, e_text
from engage_cli.sql.instants import relative_to
from engage_cli.sql.literals import all_of, any_of, column, integer_literal, timestamp_literal
from engage_cli.sql.rows import row_condition
from engage_cli.sql.scope import CONTEXT, EVENTS, event_scope, join_subject

ROW = "r"
NAMES = "n"


class Awaited(Struct, frozen=True):
    """An `on` of a journey, planned: instants in its where count from the event's own timestamp.

    `place` says where it stands: `entry`, `exit`, `goal` or the id of a hold, and `number` its place among those there.
    """

    occurrence: int
    place: str
    number: int
    names: tuple[str, ...]
    row: Row
    match: Path | None

    @property
    def tied(self) -> bool:
        """Whether the where asks for what the instance carries: then it is asked of an event and an instance together."""
        return any(True for _ in found_in(self.row, (OfContext,)))

    @property
    def columns(self) -> frozenset[Column]:
        """The columns of events that it reads beside those of its where."""
        return text_columns(self.match)


def text_columns(path: Path | None) -> frozenset[Column]:
    """The columns of a property that is compared as text."""
    return frozenset() if path is None else frozenset({Column(path, Reading.TEXT), Column(path, Reading.ELEMENTS)})


def awaited_by(journey: Journey, zone: str) -> tuple[Awaited, ...]:
    """Every `on` that a journey waits for after the entry."""
    return tuple(plan_on(number, *one, zone) for number, one in enumerate(_occurrences(journey)))


def plan_on(occurrence: int, place: str, number: int, on: Occurrence, zone: str) -> Awaited:
    """An `on` with its where planned."""
    row = row_of(on.where, Context(OWN, ZoneInfo(zone)))
    return Awaited(occurrence, place, number, tuple(sorted(set(on.names))), row, on.match)


def _occurrences(journey: Journey) -> Iterator[tuple[str, int, Occurrence]]:
    for number, rule in enumerate(journey.exits):
        if isinstance(rule, ExitOn):
            yield "exit", number, rule.on
    if journey.goal is not None:
        yield "goal", len(journey.exits), journey.goal.on
    for step in journey.all_steps():
        if isinstance(step, Hold):
            for number, branch in enumerate(step.branches):
                if branch.on is not None:
                    yield step.id, number, branch.on


def make_happened(
    engine: Engine, those: Iterable[Awaited], catalog: Catalog, zone: str, low: datetime | None, high: datetime, last: datetime | None
) -> None:
    """Make `w_happened` of the events in [low, high]. New are those after `last`, the journey's last tick (None: all), and those in
    `w_late`."""
    engine.execute("DROP TABLE IF EXISTS temp.main.w_happened")
    selects = [_select(one, catalog, zone, low, high, last) for one in those]
    if not selects:
        engine.execute(_NOTHING)
        return
    query: exp.Query = selects[0]
    for select in selects[1:]:
        query = exp.union(query, select, distinct=False, copy=False)
    engine.create("w_happened", query)


def _select(one: Awaited, catalog: Catalog, zone: str, low: datetime | None, high: datetime, last: datetime | None) -> exp.Select:
    shown = [
        exp.alias_(integer_literal(one.occurrence), "occurrence"),
        *(column(name, EVENTS) for name in ("user_key", "ts", "message_id", "event", "properties")),
        exp.alias_(matched_texts(one.match, catalog), "matched"),
        exp.alias_(is_new(last), "is_new"),
    ]
    return those_of(one.names, one.row if not one.tied else None, shown, catalog, zone, low, high)


def those_of(
    names: tuple[str, ...], row: Row | None, shown: list[exp.Expr], catalog: Catalog, zone: str, low: datetime | None, high: datetime
) -> exp.Select:
    """`shown` (over the alias `e`, with the columns `event` and `user_id` beside the others) of the events of these names in [low,
    high]."""
    scope = event_scope(catalog, zone)
    condition = exp.true() if row is None else row_condition(row, scope)
    query = exp.select(*shown).from_(exp.alias_(_events(names, row, catalog, zone, low, high).subquery(), EVENTS, table=True))
    query = join_subject(query, scope.used, column("user_key", EVENTS), column("ts", EVENTS))
    return query if condition == exp.true() else query.where(condition)


def _events(names: tuple[str, ...], row: Row | None, catalog: Catalog, zone: str, low: datetime | None, high: datetime) -> exp.Select:
    """The events of these names, with the instants beside each that conditions on them count from its own one."""
    ts = column("ts", ROW)
    relatives = {OWN.name: OWN, **{one.name: one for one in found_in(row, (Shifted, Turned))}}
    star = exp.Column(this=exp.Star(), table=exp.to_identifier(ROW))
    beside = [exp.alias_(relative_to(one, ts, zone), name, quoted=True) for name, one in sorted(relatives.items())]
    query = exp.select(star, column("event", NAMES), *beside).from_(exp.alias_(exp.to_table("events"), ROW, table=True))
    same = exp.EQ(this=column("event_key", NAMES), expression=column("event_key", ROW))
    query = query.join(exp.alias_(exp.to_table("event_names"), NAMES, table=True), on=same)
    limits: list[exp.Expr] = [exp.LTE(this=ts.copy(), expression=timestamp_literal(high))]
    limits += [] if low is None else [exp.GTE(this=ts.copy(), expression=timestamp_literal(low))]
    return query.where(all_of([event_condition(names, catalog, ROW), *limits]))


def is_new(last: datetime | None) -> exp.Expr:
    """Whether an event (alias `e`) came in since the last tick, and not too late."""
    if last is None:
        return exp.true()
    late = exp.In(this=column("message_id", EVENTS), query=exp.Subquery(this=exp.select("message_id").from_("w_late")))
    return any_of([exp.GT(this=column("ts", EVENTS), expression=timestamp_literal(last)), late])


def matched_texts(path: Path | None, catalog: Catalog) -> exp.Expr:
    """The texts by which an event (alias `e`) is tied to a key: of the property, or of each of its elements."""
    if path is None:
        return exp.cast(exp.Array(expressions=[]), "VARCHAR[]")
    whole = exp.Array(expressions=[column(Column(path, Reading.TEXT).name, EVENTS)])
    if path not in catalog.event_lists:
        return whole
    elements = column(Column(path, Reading.ELEMENTS).name, EVENTS)
    each = e_each(elements, "element", e_text(exp.column("element")))
    return exp.Case(ifs=[exp.If(this=exp.not_(exp.Is(this=elements.copy(), expression=exp.null())), true=each)], default=whole)


def make_tied(engine: Engine, those: Iterable[Awaited], catalog: Catalog, zone: str) -> None:
    """Make `w_tied(occurrence, instance, token, message_id, from_at, until_at)`: the events whose where asks for the context, and holds
    with it.

    `w_holder(instance, token, user_key, context, from_at, until_at)` are those that are asked: what each carried, and when.
    """
    engine.execute(_NONE_TIED)
    for one in those:
        scope = event_scope(catalog, zone)
        holds = row_condition(one.row, scope)
        star = exp.Column(this=exp.Star(), table=exp.to_identifier(ROW))
        carried = [column(name, "h") for name in ("instance", "token", CONTEXT, "from_at", "until_at")]
        beside = exp.select(star, *carried)
        beside = beside.from_(exp.alias_(_events(one.names, one.row, catalog, zone, None, _FOREVER).subquery(), ROW, table=True))
        same = exp.EQ(this=column("user_key", "h"), expression=column("user_key", ROW))
        beside = beside.join(exp.alias_(exp.to_table("w_holder"), "h", table=True), on=same)
        shown = [column(name, EVENTS) for name in ("instance", "token", "message_id", "from_at", "until_at")]
        query = exp.select(exp.alias_(integer_literal(one.occurrence), "occurrence"), *shown)
        query = query.from_(exp.alias_(beside.subquery(), EVENTS, table=True))
        query = join_subject(query, scope.used, column("user_key", EVENTS), column("ts", EVENTS))
        engine.execute(exp.insert(query if holds == exp.true() else query.where(holds), "w_tied"))


_NONE_TIED = """
    CREATE OR REPLACE TEMP TABLE w_tied (
        occurrence INTEGER, instance BIGINT, token VARCHAR, message_id VARCHAR, from_at TIMESTAMP, until_at TIMESTAMP
    )
"""
_FOREVER = datetime.fromisoformat("9999-12-31T00:00:00+00:00")
_NOTHING = """
    CREATE TEMP TABLE w_happened (
        occurrence INTEGER, user_key INTEGER, ts TIMESTAMP, message_id VARCHAR, event VARCHAR, properties VARCHAR, matched VARCHAR[],
        is_new BOOLEAN
    )
"""
