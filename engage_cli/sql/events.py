"""Events in a stretch that meet a row predicate: the FROM and WHERE that every event leaf starts from."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlglot import exp

from engage_cli.definitions.values import Duration
from engage_cli.plan.checks import OfStep
from engage_cli.plan.courses import first_instant
from engage_cli.plan.instants import Stretch, days_of, pieces_of_days
from engage_cli.plan.leaves import Events, EventSet, FirstEvents
from engage_cli.plan.needs import Catalog
from engage_cli.plan.relative import When
from engage_cli.records import replace
from engage_cli.sql.functions import e_day, e_days
from engage_cli.sql.instants import in_stretch
from engage_cli.sql.literals import FALSE, TRUE, all_of, column, integer_literal, timestamp_literal
from engage_cli.sql.readers import Reader
from engage_cli.sql.rows import among, row_condition
from engage_cli.sql.scope import EVENTS, Computed, Scope, event_scope, join_subject, nothing_computed

Columns = list[exp.Expr]
DAYS_AT_ONCE = 64
"""How many days are counted in one pass at the least cost: as many as one number has bits."""
READS = "reads"
"""The key among what is known of a query (its `meta`) of the events that it reads: Reads."""
FEWEST_PIECES = 3
"""With fewer parts of so many days, to count each by itself and to add them up costs more than it spares."""


class Reads(Struct, frozen=True):
    """Which events a query reads, as an engine that estimates its work sees them: the keys of their names (None: all), and of what time."""

    keys: frozenset[int] | None
    since: datetime | None
    until: datetime | None


def event_condition(names: tuple[str, ...], catalog: Catalog, table: str = EVENTS) -> exp.Expr:
    """The event is one of these names. Keys are literals, so that what is sorted by them is skipped by them."""
    if "*" in names:
        return TRUE.copy()
    found = keys_of(names, catalog.event_keys)
    if not found:
        return FALSE.copy()
    condition = among(column("event_key", table), [integer_literal(key) for key in found])
    events = {key: event for event, key in catalog.event_keys.items()}
    condition.add_comments([", ".join(events[key].replace("*/", "* /") for key in found)])
    return condition


def keys_of(names: Collection[str], event_keys: Mapping[str, int]) -> list[int]:
    """The keys, in order, of the staged events that have one of these names."""
    exact = frozenset(name for name in names if "*" not in name)
    patterns = [pattern_of(name) for name in names if "*" in name]
    return sorted(key for event, key in event_keys.items() if event in exact or any(pattern.fullmatch(event) for pattern in patterns))


def is_named(event: str, names: tuple[str, ...]) -> bool:
    """Whether an event has one of these names, in which `*` stands for any text."""
    return any(pattern_of(name).fullmatch(event) for name in names)


def pattern_of(name: str) -> re.Pattern[str]:
    """The pattern of an event name in which only `*` is special."""
    return re.compile(".*".join(re.escape(part) for part in name.split("*")), re.DOTALL)


class EventQueries:
    """Builds queries over the events of leaves, for one catalog and zone.

    `now` is the instant that is asked about: everybody's, or each subject's own, none of which is before `earliest` then.
    """

    def __init__(self, catalog: Catalog, zone: str, now: When, earliest: datetime | None = None) -> None:
        self.catalog = catalog
        self.zone = zone
        self.now = now
        self.earliest = earliest
        self.computed: Computed = nothing_computed
        """How computed traits are found; set by the compiler."""
        self.session: Callable[[Duration], str] = _no_sessions
        """The relation (user_key, since) of everybody's latest session; set by the compiler."""

    def scope(self, table: str = EVENTS, step: Callable[[OfStep], Reader] | None = None) -> Scope:
        """The scope of a row of events under an alias."""
        return event_scope(self.catalog, self.zone, table, step, self.computed)

    def keys(self, names: tuple[str, ...]) -> frozenset[int]:
        """The keys of the events that occur under these names."""
        return frozenset(keys_of(names, self.catalog.event_keys))

    def select(self, events: Events, columns: Columns, step: Callable[[OfStep], Reader] | None = None) -> exp.Select:
        """`columns` (over the alias `e`) of the events of a set."""
        if isinstance(events, FirstEvents):
            return self._select_first(events, columns)
        scope = self.scope(step=step)
        condition = all_of(
            [
                event_condition(events.names, self.catalog),
                self.in_window(events.stretch),
                row_condition(events.row, scope),
            ]
        )
        query = self._reading(exp.select(*columns), events)
        if events.session is not None:
            session = self.session(events.session)
            same = exp.EQ(this=column("user_key", session), expression=column("user_key", EVENTS))
            inside = exp.GTE(this=column("ts", EVENTS), expression=column("since", session))
            query = query.join(exp.to_table(session), on=exp.and_(same, inside))
        return self.joined(query, scope, EVENTS).where(condition)

    def _reading(self, query: exp.Select, events: EventSet) -> exp.Select:
        """`query` of the events of a set, which are yet to be chosen."""
        high = events.stretch.high
        until = high.instant if high is not None and isinstance(high.instant, datetime) else None
        query = query.from_(exp.alias_(exp.to_table("events"), EVENTS, table=True))
        query.meta[READS] = Reads(None if "*" in events.names else self.keys(events.names), events.stretch.since, until)
        return query

    def distinct_days(self, events: EventSet) -> exp.Expr:
        """Aggregate over events of the set: their number of distinct local days."""
        day = e_day(column("ts", EVENTS), self.zone)
        among = days_of(events.stretch, self.catalog.first)
        return exp.Count(this=exp.Distinct(expressions=[day])) if among is None else e_days(day, *among)

    def pieces_of_days(self, events: EventSet) -> list[tuple[EventSet, exp.Expr]]:
        """The events of a long stretch in parts that have no local day in common, each with the aggregate of its days; none where the
        stretch is not long, or not known."""
        pieces = pieces_of_days(events.stretch, self.catalog.first, ZoneInfo(self.zone), DAYS_AT_ONCE)
        if len(pieces) < FEWEST_PIECES:
            return []
        day = e_day(column("ts", EVENTS), self.zone)
        return [(replace(events, stretch=piece.stretch), e_days(day.copy(), piece.first, piece.count)) for piece in pieces]

    def in_window(self, stretch: Stretch, table: str = EVENTS) -> exp.Expr:
        """The event lies in the stretch. Where that begins for each subject otherwise, a literal says what is before all of them."""
        ts = column("ts", table)
        inside = in_stretch(ts, stretch, table)
        if stretch.low is None or isinstance(stretch.low.instant, datetime) or self.earliest is None:
            return inside
        first = first_instant(stretch, self.earliest, ZoneInfo(self.zone))
        return inside if first is None else exp.and_(exp.GTE(this=ts, expression=timestamp_literal(first)), inside, copy=False)

    def joined(self, query: exp.Select, scope: Scope, table: str) -> exp.Select:
        """`query` with the subject's relations that its conditions refer to."""
        return join_subject(query, scope.used, column("user_key", table))

    def first_users(self, events: FirstEvents) -> exp.Select | None:
        """(user_key) of whose first event it is, by the least of its instants. None where it matters which event that is: where it has to
        meet more, or where the stretch begins for each subject otherwise."""
        scope = self.scope()
        condition = row_condition(events.row, scope)
        bounds = [bound for bound in (events.stretch.low, events.stretch.high) if bound is not None]
        if (events.by_name and condition != TRUE) or not all(isinstance(bound.instant, datetime) for bound in bounds):
            return None
        query = self._reading(exp.select(column("user_key", EVENTS)), EventSet(events.names, Stretch()))
        query = self.joined(query, scope, EVENTS).where(all_of([event_condition(events.names, self.catalog), condition]))
        first = exp.Min(this=column("ts", EVENTS))
        return query.group_by(column("user_key", EVENTS)).having(in_stretch(first, events.stretch, EVENTS))

    def _select_first(self, events: FirstEvents, columns: Columns) -> exp.Select:
        """Each user's first event; the row predicate chooses before the first is taken, or judges it after."""
        scope = self.scope()
        condition = row_condition(events.row, scope)
        names = event_condition(events.names, self.catalog)
        order = exp.Window(
            this=exp.RowNumber(),
            partition_by=[column("user_key", EVENTS)],
            order=exp.Order(expressions=[_ascending(column(name, EVENTS)) for name in ("ts", "message_id")]),
        )
        source = exp.select(exp.Column(this=exp.Star(), table=exp.to_identifier(EVENTS)), exp.alias_(order, "place"))
        source = source.from_(exp.alias_(exp.to_table("events"), EVENTS, table=True))
        if events.by_name:
            inner, outer_scope, outer = source.where(names), scope, condition
        else:
            inner, outer_scope, outer = self.joined(source, scope, EVENTS).where(all_of([names, condition])), None, TRUE
        query = exp.select(*columns).from_(exp.alias_(inner.subquery(), EVENTS, table=True))
        if outer_scope is not None:
            query = self.joined(query, outer_scope, EVENTS)
        first = exp.EQ(this=column("place", EVENTS), expression=integer_literal(1))
        return query.where(all_of([first, in_stretch(column("ts", EVENTS), events.stretch, EVENTS), outer]))


def _no_sessions(_pause: Duration) -> str:
    raise AssertionError("nobody told where sessions are")


def _ascending(value: exp.Expr) -> exp.Expr:
    return exp.Ordered(this=value, desc=False, nulls_first=False)


def ordered(value: exp.Expr, *, descending: bool = False) -> exp.Expr:
    """An ORDER BY term; where NULLs go is always spelled."""
    return exp.Ordered(this=value, desc=descending, nulls_first=False)
